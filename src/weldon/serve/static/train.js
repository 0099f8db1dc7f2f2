// Train again: start, watch, stop; then old and new side by side, and which run answers.
import { ask, send, wait } from "./ask.js";
import { byId, counted, make, percent, run, say } from "./dom.js";

let watching = false;
let used = null;
const failed = (error) => say(error.message, { problem: true });
const clock = (seconds) => (seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`);

const WORDS = {
  running: ({ epoch, epochs, seconds }) => (epochs ? `Epoch ${epoch} of ${epochs}, ${clock(seconds)} so far.` : `Making ready, ${clock(seconds)} so far.`),
  done: ({ out, seconds }) => `Done in ${clock(seconds)}: ${out}`,
  stopped: ({ out }) => `Stopped. What it had done lies in ${out}; the old run goes on answering.`,
  failed: () => "It ended with an error; its last words are below.",
};
const show = (found) => {
  used = found.used ?? used;
  const running = found.state === "running";
  byId("train-start").disabled = running;
  byId("train-stop").hidden = !running;
  byId("training").hidden = found.state === "idle";
  if (found.state !== "idle") {
    byId("training-state").textContent = WORDS[found.state](found);
    byId("training-state").classList.toggle("problem", found.state === "failed");
    byId("training-bar").style.setProperty("--share", found.state === "done" ? 1 : found.epochs ? found.epoch / found.epochs : 0.02);
    const lines = byId("training-lines");
    lines.textContent = found.lines.join("\n");
    lines.scrollTop = lines.scrollHeight;
    if (found.state === "failed") lines.closest("details").open = true;
  }
  if (found.runs) showRuns(found.runs);
};

// --- which run answers
const choose = async (name) => {
  try {
    await send("/api/use", { run: name });
    location.reload();
  } catch (error) {
    failed(error);
  }
};
const showRuns = (runs) => {
  byId("runs").replaceChildren(...Object.entries(runs).map(([name, path]) => make("li", {},
    make("b", {}, name), " ", make("span", { class: "muted" }, path), " ",
    name === used ? make("span", { class: "text-for" }, "answers now")
      : make("button", { type: "button", class: "plain", onclick: () => choose(name) }, `Let ${name} answer`))));
};

// --- before and after
const points = (value) => {
  const size = Math.abs(value).toFixed(1);
  return size === "0.0" ? size : `${value < 0 ? "−" : "+"}${size}`;
};
const figure = (words, value) => make("div", {}, make("dt", {}, words), make("dd", {}, ...value));
const shift = ({ gain, low, high }) => {
  const [middle, from, to] = [gain, low, high].map((value) => (value === null ? null : points(100 * value)));
  return [make("span", { class: low > 0 ? "text-for" : high < 0 ? "text-against" : "" }, middle ?? "–"),
    from === null ? "" : make("small", { class: "reach muted" }, ` ${from} to ${to}`)];
};
const row = (name, { old, new: fresh, positives, differences }) => {
  const cell = (value, ...shown) => make("td", { "data-value": value ?? "" }, ...shown);
  return make("tr", {}, make("th", { scope: "row", "data-value": name }, name), cell(positives[name], String(positives[name])),
    cell(old.ap[name], percent(old.ap[name])), cell(fresh.ap[name], percent(fresh.ap[name])),
    cell(differences[name].gain, ...shift(differences[name])));
};
const card = (answer) => make("figure", { class: answer.right === false ? "wrong" : "" },
  make("img", { src: `/api/images/${answer.number}/photo?side=320`, alt: answer.file_name, loading: "lazy" }),
  make("figcaption", {}, make("b", {}, `${answer.now ? "now" : "no longer"} ${answer.class}`),
    make("span", { class: answer.right === false ? "text-against" : answer.right ? "text-for" : "muted" },
      answer.right === null ? "not labelled" : answer.right ? "right" : `wrong, labelled ${answer.label}`)));
const compare = async () => {
  byId("compare").hidden = false;
  byId("compare-state").textContent = "Scoring the validation images with both runs …";
  for (;;) {
    const found = await ask("/api/comparison");
    if (found.state === "failed") {
      byId("compare-state").textContent = found.problem;
      return;
    }
    if (found.state === "done") {
      showCompared(found.runs);
      return;
    }
    await wait(700);
  }
};
const showCompared = (runs) => {
  const { old, new: fresh } = runs;
  byId("compare-state").textContent = `${old.run} and ${fresh.run} on the same ${counted(runs.images, "validation image")}, against the labels as corrected by now. Neither run learnt from these images. Beside each change stands the interval that holds nine tenths of ${runs.draws.toLocaleString()} draws of them; a change has a colour only where all of it is above or below zero. Any other change may be chance.`;
  byId("compare-headline").replaceChildren(
    figure(`mAP of ${old.run}`, [percent(old.map), make("small", {}, "%")]),
    figure(`mAP of ${fresh.run}`, [percent(fresh.map), make("small", {}, "%")]),
    figure("change", shift(runs.difference)),
    figure("answers changed", [String(runs.changed)]));
  byId("compare-classes").replaceChildren(...run.classes.map((name) => row(name, runs)));
  byId("changed-state").textContent = runs.changed
    ? `${runs.now_right} became right and ${runs.now_wrong} became wrong; the wrong ones first.` : "Both runs answer alike on every image.";
  byId("changed").replaceChildren(...runs.answers.slice(0, 60).map(card));
  byId("use-row").replaceChildren(used === fresh.run ? make("span", { class: "text-for" }, `${fresh.run} answers now.`)
    : make("button", { type: "button", class: "plain strong", id: "use-new", onclick: () => choose(fresh.run) }, `Let ${fresh.run} answer from now on`));
  byId("compared").hidden = false;
};

// --- watching
const watch = async () => {
  if (watching) return;
  watching = true;
  try {
    for (;;) {
      const found = await ask("/api/training");
      show(found);
      if (found.state === "done") await compare();
      if (found.state !== "running") break;
      await wait(1000);
    }
  } catch (error) {
    failed(error);
  }
  watching = false;
};
byId("train-start").addEventListener("click", async () => {
  try {
    show(await send("/api/training", {}));
    byId("compare").hidden = true;
    byId("train-stop").focus();
    watch();
  } catch (error) {
    failed(error);
  }
});
byId("train-stop").addEventListener("click", async () => {
  byId("training-state").textContent = "Stopping …";
  await send("/api/training/stop", {}).then(show, failed);
  byId("train-start").focus();
});
byId("train").addEventListener("shown", async () => {
  watch();
  try {
    const { total, labels, file } = await ask("/api/corrections");
    byId("train-what").textContent = total ? `${counted(labels, "label was", "labels were")} reviewed, in ${file}.` : "There is no correction yet: answer a question under Review first.";
  } catch (error) {
    failed(error);
  }
});
