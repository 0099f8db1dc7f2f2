// Ask the server: JSON back, or an error whose message is the server's own sentence.
export const ask = async (path, options = {}) => {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    throw new Error("The server does not answer. Is weldon serve still running?");
  }
  const text = await answer.text();
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    throw new Error(`The server answered ${answer.status} and nothing that can be read.`);
  }
  if (!answer.ok && !body.images) {
    const error = new Error(body.error ?? `The server answered ${answer.status}.`);
    error.status = answer.status;
    error.body = body;
    throw error;
  }
  return body;
};
export const send = (path, values) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(values) });
export const query = (values) => {
  const pairs = Object.entries(values).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).filter((one) => one !== null && one !== undefined).map((one) => [name, one]));
  return new URLSearchParams(pairs).toString();
};
export const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
