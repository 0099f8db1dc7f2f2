"use strict";
// Tables that sort by the column whose heading is chosen: rows without a value stay last, equal rows keep their order.
(() => {
  const all = (selector, root) => [...root.querySelectorAll(selector)];
  const valueOf = (row, column, kind) => {
    const text = row.cells[column].dataset.value ?? "";
    return kind === "number" ? (text === "" ? null : Number(text)) : text;
  };
  const compare = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b, undefined, { numeric: true }));
  const sort = (header) => {
    const table = header.closest("table");
    const { kind } = header.dataset;
    const column = header.cellIndex;
    const before = header.getAttribute("aria-sort");
    const order = before === "none" ? (kind === "number" ? "descending" : "ascending")
      : before === "ascending" ? "descending" : "ascending";
    all("th[aria-sort]", table).forEach((other) => other.setAttribute("aria-sort", "none"));
    header.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const keyed = [...table.tBodies[0].rows].map((row) => [valueOf(row, column, kind), row]);
    keyed.sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b)));
    table.tBodies[0].append(...keyed.map(([, row]) => row));
  };
  document.addEventListener("click", (event) => {
    const header = event.target.closest("table.sortable th[aria-sort]");
    if (header && event.target.closest("button")) sort(header);
  });
})();
