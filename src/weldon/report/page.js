"use strict";
// Switches, classes that open, the enlarged picture. Without this script the page still shows everything.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // --- what is drawn over the photographs
  all("[data-hides]").forEach((box) =>
    box.addEventListener("change", () => document.body.classList.toggle(box.dataset.hides, !box.checked)));

  // --- classes: open and close, and open the one that a link points to
  const classes = all("details.class");
  all("[data-open]").forEach((button) =>
    button.addEventListener("click", () => classes.forEach((part) => { part.open = button.dataset.open === "true"; })));
  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target && target.matches("details")) {
      target.open = true;
      target.scrollIntoView();
    }
  };
  window.addEventListener("hashchange", openTarget);
  all('a[href^="#class-"]').forEach((link) => link.addEventListener("click", () => setTimeout(openTarget)));
  openTarget();

  // --- the enlarged picture
  const dialog = document.getElementById("enlarged");
  const content = dialog.querySelector(".content");
  let shown = null;
  const enlarge = (button) => {
    shown = button;
    const view = button.closest(".view");
    const caption = view.querySelector("figcaption").cloneNode(true);
    all("details", caption).forEach((part) => { part.open = true; });
    content.replaceChildren(button.querySelector("svg").cloneNode(true), caption);
    if (!dialog.open) dialog.showModal();
    content.scrollTop = 0;
  };
  const step = (distance) => {
    const buttons = all(".enlarge").filter((button) => !button.closest("details:not([open])"));
    const place = buttons.indexOf(shown) + distance;
    if (place >= 0 && place < buttons.length) enlarge(buttons[place]);
  };
  all(".enlarge").forEach((button) => button.addEventListener("click", () => enlarge(button)));
  all("[data-step]", dialog).forEach((button) =>
    button.addEventListener("click", () => step(Number(button.dataset.step))));
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  dialog.addEventListener("close", () => { if (shown) shown.focus(); });

  document.body.classList.add("js");
})();
