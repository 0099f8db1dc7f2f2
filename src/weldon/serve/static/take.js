// Take away: predictions of a folder as a zip, the corrected table, the report.
import { ask, send, wait } from "./ask.js";
import { all, byId, counted, say } from "./dom.js";
import { fillFolders } from "./folders.js";
import { movedLimits, onMove } from "./thresholds.js";

let watching = false;
const WORDS = {
  idle: () => "",
  working: ({ done, total }) => `${done.toLocaleString()} of ${counted(total, "picture")}.`,
  done: ({ done, skipped, name }) => `${name}.zip holds ${counted(done, "picture")}${skipped ? `; ${skipped} could not be read, listed in skipped.csv` : ""}.`,
  failed: ({ problem }) => problem,
};
const hint = ({ state, root, storages }) => (state !== "done" || !storages.length ? ""
  : `Label Studio shows the pictures when LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=${root} and ${storages.join(", ")} ${storages.length > 1 ? "are Local files storages" : "is a Local files storage"} of the project (docs/formats.md).`);
const show = (found) => {
  byId("take-hint").textContent = hint(found);
  byId("take-state").textContent = WORDS[found.state](found);
  byId("take-state").classList.toggle("problem", found.state === "failed");
  byId("take-start").disabled = found.state === "working";
  byId("take-file").hidden = found.state !== "done";
  byId("take-bar").parentElement.hidden = found.state !== "working";
  byId("take-bar").style.setProperty("--share", found.total ? (found.done + found.skipped) / found.total : 0);
};
const watch = async () => {
  if (watching) return;
  watching = true;
  try {
    for (;;) {
      const found = await ask("/api/take");
      show(found);
      if (found.state !== "working") break;
      await wait(500);
    }
  } catch (error) {
    say(error.message, { problem: true });
  }
  watching = false;
};
byId("order").addEventListener("submit", async (event) => {
  event.preventDefault();
  const order = {
    folder: byId("take-folder").value,
    formats: all("#order [name=format]:checked").map((box) => box.value),
    thresholds: movedLimits(),
  };
  for (const part of ["boxes", "points", "masks"]) order[part] = byId(`take-${part}`).checked;
  try {
    show(await send("/api/take", order));
    watch();
  } catch (error) {
    say(error.message, { problem: true });
  }
});
onMove(() => { byId("take-limits").hidden = Object.keys(movedLimits()).length === 0; });
byId("take").addEventListener("shown", async () => {
  watch();
  try {
    await fillFolders(byId("take-folder"));
    const { total } = await ask("/api/corrections");
    byId("take-corrections").hidden = total === 0;
  } catch (error) {
    say(error.message, { problem: true });
  }
});
