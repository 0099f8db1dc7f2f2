// Elements of the page: find them, make them, and say a sentence to whoever looks or listens.
export const byId = (name) => document.getElementById(name);
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];

const SVG = "http://www.w3.org/2000/svg";
const fill = (made, values, children) => {
  for (const [name, value] of Object.entries(values)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") made.toggleAttribute(name, value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
};
export const make = (name, values = {}, ...children) => fill(document.createElement(name), values, children);
export const draw = (name, values = {}, ...children) => fill(document.createElementNS(SVG, name), values, children);

let timer = 0;
export const say = (words, { problem = false } = {}) => {
  const place = byId("say");
  place.textContent = words;
  place.classList.toggle("problem", problem);
  place.classList.add("shown");
  clearTimeout(timer);
  timer = setTimeout(() => place.classList.remove("shown"), problem ? 9000 : 3500);
};

const { dataset } = byId("main");
export const run = { task: dataset.task, scale: Number(dataset.scale), classes: JSON.parse(dataset.classes) };
export const counted = (number, one, many = `${one}s`) => `${number.toLocaleString()} ${number === 1 ? one : many}`;
export const signed = (value) => `${value < -0.005 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
export const minus = (text) => text.replace(/(^|[^\w])-(?=\d)/g, "$1−");
export const percent = (share) => (share === null || share === undefined ? "–" : (100 * share).toFixed(1));
