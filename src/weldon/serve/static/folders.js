// A choice of folders: all pictures, and each folder; the one of --photos is chosen at first.
import { ask, wait } from "./ask.js";
import { make } from "./dom.js";

const filling = new WeakSet();
export const fillFolders = async (select) => {
  if (filling.has(select)) return;
  filling.add(select);
  try {
    let found = await ask("/api/folders");
    while (found.state === "waiting" || found.state === "working") {
      await wait(300);
      found = await ask("/api/folders");
    }
    if (found.state === "failed") throw new Error(found.problem);
    const chosen = select.options.length ? select.value : found.joined;
    select.replaceChildren(...found.folders.map(({ folder, images }) =>
      make("option", { value: folder }, `${folder || "all pictures"} (${images.toLocaleString()})`)));
    select.value = found.folders.some(({ folder }) => folder === chosen) ? chosen : "";
  } finally {
    filling.delete(select);
  }
};
