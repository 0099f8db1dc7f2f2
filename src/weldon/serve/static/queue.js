// The queue of what is to be reviewed: loaded piece by piece, the next pictures fetched ahead of the keys.
import { ask, query, wait } from "./ask.js";

const PIECE = 100;
const AHEAD = 4;
const KEPT = 60;

export class Queue {
  constructor(wanted, { side, waits }) {
    this.wanted = wanted;
    this.side = side;
    this.waits = waits;
    this.items = [];
    this.total = 0;
    this.reviewed = 0;
    this.expected = null;
    this.photos = new Map();
    this.answers = new Map();
    this.gone = false;
  }

  // Load the piece that holds a place; true once it is there.
  async load(place) {
    const offset = Math.floor(place / PIECE) * PIECE;
    while (!this.gone) {
      const found = await ask(`/api/queue?${query({ ...this.wanted, offset, limit: PIECE })}`);
      if (found.state === "done") {
        this.total = found.total;
        this.reviewed = found.reviewed;
        this.expected = found.expected;
        found.items.forEach((item, number) => { this.items[offset + number] ??= item; });
        return true;
      }
      this.waits(found);
      if (found.state === "failed") return false;
      await wait(700);
    }
    return false;
  }

  async at(place) {
    if (!this.items[place] && place >= 0) await this.load(place);
    return this.items[place];
  }

  address(item) {
    return `/api/images/${item.number}/photo?side=${this.side}`;
  }

  photo(item) {
    let photo = this.photos.get(item.number);
    if (!photo) {
      photo = new Image();
      photo.src = this.address(item);
      this.photos.set(item.number, photo);
      if (this.photos.size > KEPT) this.photos.delete(this.photos.keys().next().value);
    }
    return photo;
  }

  answer(item, name) {
    const key = `${item.number} ${name ?? ""}`;
    if (!this.answers.has(key)) {
      const asked = query({ class: name, parts: "views", unseen: 1 });
      const answer = ask(`/api/images/${item.number}?${asked}`);
      answer.catch(() => this.answers.delete(key));
      this.answers.set(key, answer);
      if (this.answers.size > KEPT) this.answers.delete(this.answers.keys().next().value);
    }
    return this.answers.get(key);
  }

  // Fetch what the next keys will ask for: photographs first, then what the network says of two of them.
  async ahead(place) {
    for (let step = 1; step <= AHEAD && !this.gone; step += 1) {
      const item = await this.at(place + step);
      if (!item) break;
      this.photo(item).decode().catch(() => {});
      if (step <= 2) this.answer(item, item.class).catch(() => {});
    }
  }
}
