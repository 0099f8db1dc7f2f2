// Corrections on their way to the server: one after another, kept in the browser until they have arrived.
import { send, wait } from "./ask.js";

const KEY = "weldon-unsent";
const stored = () => {
  try { return JSON.parse(localStorage.getItem(KEY) ?? "[]"); } catch { return []; }
};
const keep = (waiting) => {
  try { localStorage.setItem(KEY, JSON.stringify(waiting)); } catch { /* a browser that keeps nothing */ }
};

const waiting = stored(); // what an earlier visit could not send
let busy = false;
let told = { saved: () => {}, refused: () => {}, waits: () => {} };

const work = async () => {
  if (busy) return;
  busy = true;
  while (waiting.length) {
    const { change, mark } = waiting[0];
    try {
      const answer = await send("/api/corrections", change);
      waiting.shift();
      keep(waiting);
      told.saved(change, answer, mark);
    } catch (error) {
      if (error.status) { // the server understood and refused: sending it again changes nothing
        waiting.shift();
        keep(waiting);
        told.refused(change, error, mark);
      } else {
        told.waits(waiting.length);
        await wait(2000);
      }
    }
  }
  busy = false;
  told.waits(0);
};

export const post = (change, mark) => {
  waiting.push({ change, mark });
  keep(waiting);
  work();
};
export const onPost = (listeners) => {
  told = { ...told, ...listeners };
  if (waiting.length) work();
};
