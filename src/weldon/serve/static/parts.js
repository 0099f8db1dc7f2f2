// The parts of the page: one is shown at a time, the address says which.
import { all, byId } from "./dom.js";

const parts = all("section.part");
const links = all("nav a");
const show = () => {
  const wanted = parts.find((part) => `#${part.id}` === location.hash) ?? parts[0];
  for (const part of parts) part.hidden = part !== wanted;
  for (const link of links) {
    if (link.hash === `#${wanted.id}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  scrollTo(0, 0);
  wanted.dispatchEvent(new CustomEvent("shown"));
};
addEventListener("hashchange", show);
addEventListener("DOMContentLoaded", show);
if (document.readyState !== "loading") queueMicrotask(show);
byId("main").addEventListener("change", (event) => {
  const { hides } = event.target.dataset;
  if (!hides) return;
  event.target.closest(".part").classList.toggle(hides, !event.target.checked);
});
