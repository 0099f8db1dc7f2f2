// Thresholds that move: each slider goes along the scores of the validation images and says what it costs.
import { ask, wait } from "./ask.js";
import { byId, counted, make, percent, run, signed } from "./dom.js";

const chosen = new Map(); // class -> the run's own threshold
const moved = new Map(); // class -> where a person put it
const chances = new Map(); // class -> the probability that its threshold stands for
const listeners = new Set();

export const limitOf = (name) => moved.get(name) ?? chosen.get(name) ?? 0;
export const chanceOf = (name) => chances.get(name) ?? null;
export const movedLimits = () => Object.fromEntries(moved);
export const onMove = (listener) => listeners.add(listener);
export const reported = (scores) => {
  if (run.task === "multiclass") return run.classes.reduce((best, name) => (scores[name] > scores[best] ? name : best)) ;
  return run.classes.filter((name) => scores[name] >= limitOf(name));
};
export const isReported = (name, scores) =>
  (run.task === "multiclass" ? reported(scores) === name : scores[name] >= limitOf(name));

const tell = () => {
  byId("reset").hidden = moved.size === 0;
  for (const listener of listeners) listener();
};

const row = (name, curve) => {
  const own = curve.thresholds.indexOf(chosen.get(name));
  const cells = { threshold: make("td"), precision: make("td"), recall: make("td"), predicted: make("td") };
  const slider = make("input", {
    type: "range", min: 0, max: curve.thresholds.length - 1, step: 1, "aria-label": `threshold of ${name}`,
  });
  const show = () => {
    const place = Number(slider.value);
    chances.set(name, curve.probabilities[place]);
    cells.threshold.textContent = signed(curve.thresholds[place]);
    cells.precision.textContent = percent(curve.precision[place]);
    cells.recall.textContent = percent(curve.recall[place]);
    cells.predicted.textContent = `${curve.predicted[place]} of ${curve.images}`;
    slider.setAttribute("aria-valuetext",
      `${signed(curve.thresholds[place])}: precision ${percent(curve.precision[place])}, recall ${percent(curve.recall[place])} percent`);
  };
  slider.value = own;
  slider.addEventListener("input", () => {
    const place = Number(slider.value);
    if (place === own) moved.delete(name);
    else moved.set(name, curve.thresholds[place]);
    show();
    tell();
  });
  byId("reset").addEventListener("click", () => {
    slider.value = own;
    moved.delete(name);
    show();
    tell();
  });
  show();
  const few = curve.positives < 5 ? make("span", { class: "muted", title: "too few to tell" }, ` ${counted(curve.positives, "image")}`) : null;
  return make("tr", {}, make("th", { scope: "row" }, name, few), cells.threshold, make("td", { class: "slide" }, slider),
    cells.precision, cells.recall, cells.predicted);
};

export const loadLimits = async () => {
  const { thresholds } = await ask("/api/run");
  chosen.clear();
  moved.clear();
  for (const [name, value] of Object.entries(thresholds)) chosen.set(name, value);
  tell();
  if (run.task === "multiclass") return;
  const state = byId("thresholds-state");
  const table = byId("limits");
  for (;;) {
    const found = await ask("/api/thresholds");
    if (found.state === "done") {
      table.replaceChildren(...Object.entries(found.classes).map(([name, curve]) => row(name, curve)));
      table.closest(".scroll").hidden = false;
      state.hidden = true;
      tell();
      return;
    }
    if (found.state === "failed") {
      state.textContent = `Precision and recall cannot be shown: ${found.problem}`;
      return;
    }
    await wait(700);
  }
};
