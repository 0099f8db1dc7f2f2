// Review: one picture, one question, one key; every answer is sent at once and can be taken back.
import { ask } from "./ask.js";
import { all, byId, counted, make, minus, run, say } from "./dom.js";
import { fillFolders } from "./folders.js";
import { onPost, post } from "./outbox.js";
import { drawPhoto, drawView } from "./picture.js";
import { Queue } from "./queue.js";

const SIGNS = { present: "✓", absent: "✕", unknown: "?" };
let queue = null;
let place = 0;
let focus = null; // the class that the keys speak of
const undone = []; // what can be taken back: { item, name, before, after, place }

// --- what is shown
const item = () => queue?.items[place];
const labelled = { present: "present", absent: "absent", unknown: "unknown" };
// The classes of a picture in the order in which they are asked: those the run is most unsure of first.
const order = (now) => {
  const sure = (name) => Math.abs((now.chances[name] ?? 0.5) - 0.5);
  return [...run.classes].sort((a, b) => sure(a) - sure(b));
};
const wrong = (count) => (count === null ? "" : ` · perhaps ${Math.round(count * 0.5).toLocaleString()} to ${Math.round(count * 1.5).toLocaleString()} wrong`);
const gives = (now) => {
  if (now.class === focus && now.chance !== null) return `A model that has not seen this picture gives ${focus} a probability of ${now.chance.toFixed(2)}.`;
  return focus in now.chances ? `The run gives ${focus} a probability of ${now.chances[focus].toFixed(2)}.` : "";
};
const showText = () => {
  const now = item();
  byId("file").textContent = `${now.file_name}${now.split ? ` · ${now.split}` : ""}`;
  byId("question").replaceChildren(make("b", {}, focus), " in this picture?");
  const label = now.labels[focus];
  const reviewed = new Set(now.reviewed);
  const doubt = now.class === focus && now.doubt !== null && !reviewed.has(focus) ? `, wrong with probability ${now.doubt.toFixed(2)}` : "";
  byId("says").replaceChildren("Labelled ", make("b", {}, labelled[label]), `${doubt}. `, make("span", { class: "muted" }, gives(now)));
  for (const button of all(".verdicts [data-to]")) button.setAttribute("aria-pressed", String(button.dataset.to === label));
  byId("chips").replaceChildren(...order(now).map((name) => make("li", {}, make("button", {
    type: "button", class: now.labels[name], "aria-pressed": String(name === focus), "data-class": name,
    "aria-label": `${name}, ${now.labels[name]}`, onclick: () => ask_of(name),
  }, make("span", { "aria-hidden": "true" }, SIGNS[now.labels[name]]), ` ${name}${reviewed.has(name) ? " ·" : ""}`))));
  byId("progress").textContent = `${place + 1} of ${queue.total.toLocaleString()}, ${queue.reviewed.toLocaleString()} reviewed${wrong(queue.expected)}`;
  byId("bar").style.setProperty("--share", queue.total ? queue.reviewed / queue.total : 0);
};
const showPhoto = () => {
  const now = item();
  const photo = queue.photo(now);
  const side = 360 / Math.max(photo.naturalWidth, photo.naturalHeight, 1);
  const size = photo.complete && photo.naturalWidth
    ? { width: Math.round(photo.naturalWidth * side), height: Math.round(photo.naturalHeight * side) } : { width: 360, height: 270 };
  byId("large").replaceChildren(drawPhoto(queue.address(now), size, now.file_name));
  byId("large").dataset.number = now.number;
};
const showRegions = async () => {
  const now = item();
  const name = focus;
  byId("reason").textContent = "";
  try {
    const answer = await queue.answer(now, name);
    if (item() !== now || focus !== name) return;
    const view = answer.views[name];
    byId("large").replaceChildren(drawView(view, queue.address(now), `${now.file_name} as ${name} sees it`, { letters: innerWidth < 700 ? 1 : 0.65 }));
    byId("reason").textContent = minus(view.sentence);
  } catch (error) {
    if (item() === now) byId("reason").textContent = error.message;
  }
};
const show = async (wanted) => {
  const found = await queue.at(wanted);
  if (!found) {
    say(wanted < 0 ? "This is the first." : "This was the last.");
    return;
  }
  place = wanted;
  const names = order(found);
  focus = found.class ?? names.find((name) => found.labels[name] === "unknown") ?? names[0];
  byId("desk").hidden = false;
  byId("queue-state").hidden = true;
  showText();
  showPhoto();
  showRegions();
  queue.ahead(place);
};
const ask_of = (name) => {
  focus = name;
  showText();
  showRegions();
};
const turn = (step) => {
  const names = order(item());
  ask_of(names[(names.indexOf(focus) + step + names.length) % names.length]);
};

// --- what a person says
const set = (now, name, after) => {
  if (run.task === "multiclass" && after === "present") {
    for (const other of run.classes) if (now.labels[other] === "present") now.labels[other] = "absent";
  }
  now.labels[name] = after;
};
const answerWith = (after) => {
  const now = item();
  if (!now) return;
  const name = focus;
  const before = now.labels[name];
  undone.push({ now, name, labels: { ...now.labels }, reviewed: [...now.reviewed], counted: queue.reviewed, place });
  if (!now.reviewed.includes(name)) {
    if (!now.reviewed.length || now.class === name) queue.reviewed += 1;
    now.reviewed.push(name);
  }
  set(now, name, after);
  post({ number: now.number, class: name, from: before, to: after, who: byId("who").value.trim() });
  if (now.class !== null) show(place + 1);
  else if (order(now).at(-1) !== name) turn(1);
  else showText();
};
const undo = () => {
  const last = undone.pop();
  if (!last) {
    say("There is nothing to take back.");
    return;
  }
  const { now, name, labels, reviewed, counted } = last;
  for (const other of run.classes) {
    if (other === name || now.labels[other] !== labels[other]) post({ number: now.number, class: other, from: now.labels[other], to: "withdrawn", who: byId("who").value.trim() });
  }
  Object.assign(now, { labels, reviewed });
  queue.reviewed = counted;
  show(last.place).then(() => ask_of(name));
};

// --- what the server says of it
const row = (made) => make("tr", {}, make("th", { scope: "row" }, made.file), make("td", { class: "words" }, made.class), make("td", {}, made.from),
  make("td", {}, make("b", {}, made.to)), make("td", {}, new Date(made.time).toLocaleTimeString()), make("td", {}, made.who));
const showDone = async () => {
  try {
    const found = await ask("/api/corrections");
    byId("done").replaceChildren(...found.corrections.slice(0, 12).map(row));
    byId("done").closest(".scroll").hidden = found.total === 0;
    byId("done-state").textContent = found.total
      ? `${counted(found.total, "answer")} in ${found.file}. Your own table is not touched.`
      : `Each answer becomes a row of ${found.file}. Your own table is not touched.`;
    byId("conflicts").replaceChildren(...found.conflicts.map((conflict) => make("li", {}, conflict)));
    byId("conflicts").hidden = found.conflicts.length === 0;
    const listed = byId("done").rows.length;
    byId("done-latest").textContent = found.total > listed ? `The latest ${listed}:` : "";
  } catch (error) {
    byId("done-state").textContent = error.message;
  }
};
let timer = 0;
const showDoneSoon = () => {
  clearTimeout(timer);
  timer = setTimeout(showDone, 400);
};
onPost({
  saved: showDoneSoon,
  refused: (change, error) => {
    const now = queue?.items.find((one) => one?.number === change.number);
    if (now && error.body?.label) now.labels[change.class] = error.body.label;
    if (now && now === item()) showText();
    say(`${error.message} Your answer was not written down.`, { problem: true });
    showDoneSoon();
  },
  waits: (count) => {
    if (count) say(`The server does not answer. ${counted(count, "answer waits", "answers wait")} in this browser.`, { problem: true });
  },
});

// --- which queue
const open = async () => {
  if (queue) queue.gone = true;
  const kind = byId("kind").value;
  byId("for-class").hidden = kind !== "class";
  byId("for-folder").hidden = kind !== "folder";
  byId("desk").hidden = true;
  const state = byId("queue-state");
  state.hidden = false;
  state.classList.remove("problem");
  const doing = { suspects: "Looking for labels that look wrong …", next: "Choosing pictures to label next …" }[kind] ?? "Reading the list of pictures …";
  state.textContent = doing;
  const wanted = { kind };
  if (kind === "class") wanted.class = byId("of-class").value;
  if (kind === "folder") wanted.folder = byId("of-folder").value;
  const opened = new Queue(wanted, {
    side: innerWidth * devicePixelRatio > 900 ? 1280 : 640,
    waits: (found) => {
      state.classList.toggle("problem", found.state === "failed");
      state.textContent = found.problem || (found.progress ? `${doing} ${found.progress}` : doing);
    },
  });
  queue = opened;
  place = 0;
  undone.length = 0;
  try {
    if (!(await opened.load(0)) || opened !== queue) return;
    if (opened.total === 0) {
      state.textContent = kind === "suspects" ? "No label looks wrong." : "There is no picture here.";
      return;
    }
    const first = opened.items.findIndex((one) => one.class === null || !one.reviewed.includes(one.class));
    byId("desk").dataset.kind = kind;
    await show(first < 0 ? 0 : first);
  } catch (error) {
    state.classList.add("problem");
    state.textContent = error.message;
  }
};
byId("kind").addEventListener("change", async () => {
  byId("desk").hidden = true; // a key while the folders are listed is no answer to the picture of before
  if (byId("kind").value === "folder") await fillFolders(byId("of-folder")).catch((error) => say(error.message, { problem: true }));
  open();
});
for (const name of ["of-class", "of-folder"]) byId(name).addEventListener("change", open);
byId("choose").addEventListener("submit", (event) => event.preventDefault());
const who = byId("who");
try { who.value = localStorage.getItem("weldon-who") ?? ""; } catch { /* a browser that keeps nothing */ }
who.addEventListener("change", () => { try { localStorage.setItem("weldon-who", who.value); } catch { /* likewise */ } });

// --- keys and buttons
const keys = {
  p: () => answerWith("present"), a: () => answerWith("absent"), u: () => answerWith("unknown"),
  ArrowRight: () => show(place + 1), n: () => show(place + 1), ArrowLeft: () => show(place - 1), z: undo,
  ArrowDown: () => turn(1), ArrowUp: () => turn(-1),
  h: () => all('#review [data-hides="no-map"]')[0].click(), r: () => all('#review [data-hides="no-regions"]')[0].click(),
};
addEventListener("keydown", (event) => {
  if (byId("review").hidden || byId("desk").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input:not([type=checkbox]), select, textarea, dialog")) return;
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
byId("review").addEventListener("click", (event) => {
  const button = event.target.closest("[data-key]");
  if (button) keys[button.dataset.key]();
});
let opened = false;
byId("review").addEventListener("shown", () => {
  if (opened) return;
  opened = true;
  open();
  showDone();
});
