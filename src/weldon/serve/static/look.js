// Look: pictures in, answers out, and for each class the regions for and against it.
import { ask, query } from "./ask.js";
import { all, byId, counted, make, minus, run, say, signed } from "./dom.js";
import { drawView } from "./picture.js";
import { chanceOf, isReported, limitOf, loadLimits, onMove } from "./thresholds.js";

const pictures = [];
let shown = null; // the picture
let wanted = null; // the class

const look = async (picture, classes, versus) => {
  const seen = picture.href || picture.number !== undefined;
  const asked = query({ class: classes, versus, parts: seen ? "views,maps" : "views,maps,photo" });
  if (picture.number !== undefined) return ask(`/api/images/${picture.number}?${asked}`);
  const form = new FormData();
  form.append("image", picture.file, picture.name);
  const { images: [answer] } = await ask(`/api/predict?${asked}`, { method: "POST", body: form });
  if (answer.error) throw new Error(answer.error);
  return answer;
};

const remember = (picture, answer) => {
  picture.answer ??= answer;
  picture.href ??= answer.photo; // as it was read: a browser shows no DICOM, and 16 bits without the run's window
  picture.small ??= picture.href;
  picture.maps = { ...picture.maps, ...answer.maps };
  picture.views = { ...picture.views, ...answer.views };
};

// --- the strip of pictures
const drop = byId("drop");
const strip = byId("strip");
const listed = (picture) => {
  const button = make("button", { type: "button", title: picture.name, onclick: () => choose(picture) },
    make("img", { src: picture.small, alt: picture.name }));
  picture.button = button;
  return make("li", {}, button);
};
const choose = (picture) => {
  shown = picture;
  for (const other of pictures) other.button.toggleAttribute("aria-current", other === picture);
  byId("seen").hidden = false;
  const { labels, scores } = picture.answer;
  const best = [...run.classes].sort((a, b) => scores[b] - scores[a]);
  wanted = best.find((name) => isReported(name, scores)) ?? labels[0] ?? best[0];
  showAnswers();
  explain(wanted);
};
const add = async (picture) => {
  try {
    remember(picture, await look(picture));
  } catch (error) {
    say(error.message, { problem: true });
    return;
  }
  pictures.push(picture);
  strip.append(listed(picture));
  strip.hidden = false;
  drop.classList.add("small");
  choose(picture);
};

// --- the answers
const share = (name) => shown.answer.probabilities[name];
const showAnswers = () => {
  if (!shown) return;
  const { scores } = shown.answer;
  const ranked = [...run.classes].sort((a, b) => scores[b] - scores[a]);
  const focused = document.activeElement?.dataset?.class;
  byId("answers").replaceChildren(...ranked.map((name) => {
    const yes = isReported(name, scores);
    const bar = make("span", { class: "chance", "aria-hidden": "true" });
    bar.style.setProperty("--share", share(name));
    if (chanceOf(name) !== null) bar.style.setProperty("--limit", chanceOf(name));
    return make("li", {}, make("button", {
      type: "button", class: yes ? "yes" : "no", "aria-pressed": String(name === wanted), "data-class": name,
      onclick: () => explain(name),
    }, make("span", { class: "name" }, yes ? name : make("span", { class: "why" }, `why not `), yes ? "" : name), bar,
    make("span", { class: "value" }, share(name).toFixed(2))));
  }));
  if (focused) all("#answers button").find((button) => button.dataset.class === focused)?.focus();
};

// --- why, and why not
const figure = (name) => {
  const view = shown.views[name];
  const cell = byId("cell");
  const picture = drawView(view, shown.href, `${shown.name} as ${name} sees it; arrow keys go over the regions`,
    { chosen: showCell, letters: 0.85 });
  cell.hidden = true;
  const sides = make("p", { class: "sides" },
    make("span", { class: view.top.total > 0 ? "text-for" : "" }, `${signed(view.top.total)} ${view.top.total > 0 ? "for" : "at best"}`), " ",
    view.low.count ? make("span", { class: view.low.total < 0 ? "text-against" : "" }, `${signed(view.low.total)} ${view.low.total < 0 ? "against" : "at worst"}`) : null, " ",
    make("span", { class: "muted" }, `${view.top.count}${view.low.count ? ` + ${view.low.count}` : ""} of ${view.top.of} ${view.top.of === 1 ? "region" : "regions"}`));
  const needs = run.task === "multilabel" ? `needs ${signed(limitOf(name))}` : `probability ${view.probability.toFixed(2)}`;
  return make("figure", { class: "view" }, picture, make("figcaption", {},
    make("p", { class: "score" }, make("b", {}, `${name} ${signed(view.score)}`), " ", make("span", { class: "muted" }, needs)),
    sides,
    make("details", { class: "sum" }, make("summary", {}, "The sum"), make("pre", { tabindex: "0" }, view.addition))));
};
const rivalOf = (name) => {
  const { scores } = shown.answer;
  const others = run.classes.filter((other) => other !== name);
  const rivals = others.filter((other) => isReported(other, scores));
  return (rivals.length ? rivals : []).sort((a, b) => scores[b] - scores[a])[0] ?? null;
};
const explain = async (name) => {
  wanted = name;
  for (const button of all("#answers button")) button.setAttribute("aria-pressed", String(button.dataset.class === name));
  const picture = shown;
  const rival = isReported(name, picture.answer.scores) ? null : rivalOf(name);
  const needed = [name, rival].filter((one) => one && !picture.views[one]);
  let contest = null;
  try {
    if (needed.length || rival) {
      const answer = await look(picture, [name, rival].filter(Boolean), rival);
      remember(picture, answer);
      contest = answer.contests?.[name] ?? null;
    }
  } catch (error) {
    say(error.message, { problem: true });
    return;
  }
  if (picture !== shown || name !== wanted) return;
  byId("sentence").textContent = minus(contest ?? picture.views[name].sentence);
  byId("pictures").replaceChildren(...[name, rival].filter(Boolean).map(figure));
};

// --- one region, and what it says of every class
const showCell = (row, column) => {
  const place = byId("cell");
  const values = Object.entries(shown.maps).map(([name, map]) => [name, map[row]?.[column]]).filter(([, value]) => value !== undefined);
  values.sort(([, a], [, b]) => b - a);
  const line = ([name, value]) => {
    const bar = make("span", { class: value > 0 ? "for" : "against", "aria-hidden": "true" });
    bar.style.setProperty("--size", Math.min(1, Math.abs(value) / run.scale));
    return make("li", {}, make("span", {}, name), make("span", { class: "lean" }, bar), make("b", {}, signed(value)));
  };
  place.replaceChildren(make("h3", {}, `Region in row ${row + 1}, column ${column + 1}`),
    make("p", { class: "muted" }, "What this region alone says of each class."), make("ul", {}, ...values.slice(0, 12).map(line)));
  place.hidden = false;
};

// --- pictures come in
let coming = 0; // since the last time none was waiting
let came = 0;
const tellComing = () => {
  if (came === coming) came = coming = 0;
  byId("coming").hidden = coming === 0;
  byId("coming").textContent = coming ? `${came} of ${counted(coming, "picture")} looked at …` : "";
};
const addFile = async (file) => {
  if (file.type && !/^(image\/|application\/(dicom|octet-stream)$)/.test(file.type)) {
    say(`${file.name} is no picture.`, { problem: true });
    return;
  }
  await add({ name: file.name || "pasted picture", file });
};
const addFiles = async (files) => {
  coming += files.length;
  tellComing();
  for (const file of files) {
    await addFile(file);
    came += 1;
    tellComing();
  }
};
byId("files").addEventListener("change", (event) => { addFiles([...event.target.files]); event.target.value = ""; });
addEventListener("paste", (event) => { if (event.clipboardData?.files.length) addFiles([...event.clipboardData.files]); });
addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
addEventListener("dragleave", () => drop.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (location.hash && location.hash !== "#look") location.hash = "#look";
  addFiles([...(event.dataTransfer?.files ?? [])]);
});
byId("sample").addEventListener("click", async () => {
  try {
    const list = await ask("/api/images?limit=0");
    if (list.state !== "done") {
      say(list.problem || "The list of pictures is still being read.", { problem: Boolean(list.problem) });
      return;
    }
    const number = Math.floor(Math.random() * list.total);
    const { images: [image] } = await ask(`/api/images?offset=${number}&limit=1`);
    const address = `/api/images/${image.number}/photo?side=`;
    await add({ name: image.file_name, number: image.number, href: `${address}1280`, small: `${address}160` });
  } catch (error) {
    say(error.message, { problem: true });
  }
});

onMove(showAnswers);
loadLimits().catch((error) => say(error.message, { problem: true }));
