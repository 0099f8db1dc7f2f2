// One picture as one class sees it: photograph, heat map, framed regions, and a cell that can be chosen.
import { draw } from "./dom.js";

// On a large picture the letters are small beside it: `letters` is their share of what fits a cell.
const frames = (side, kind, letters) => {
  const size = side.size * letters;
  const group = (name, members) => draw("g", { class: name }, ...members.flatMap((frame) => [
    draw("rect", { class: frame.speaks, x: frame.x, y: frame.y, width: frame.width, height: frame.height }),
    frame.text
      ? draw("text", { class: frame.speaks, x: frame.x + frame.width / 2, y: frame.y + frame.height / 2 + 0.36 * size }, frame.text)
      : null,
  ]));
  return draw("g", { class: kind, "font-size": size }, group("others", side.others), group("strong", side.strong));
};

// Where a keyboard or a pointer chose: row and column of a cell.
const follow = (picture, view, chosen) => {
  const [across, down] = view.cell;
  const columns = Math.max(1, Math.round(view.photo.width / across));
  const rows = Math.max(1, Math.round(view.photo.height / down));
  const mark = draw("rect", { class: "chosen", width: across, height: down, visibility: "hidden" });
  picture.append(mark);
  let place = null;
  const choose = (row, column) => {
    place = [Math.min(rows - 1, Math.max(0, row)), Math.min(columns - 1, Math.max(0, column))];
    mark.setAttribute("x", place[1] * across);
    mark.setAttribute("y", place[0] * down);
    mark.setAttribute("visibility", "visible");
    chosen(...place);
  };
  picture.addEventListener("click", (event) => {
    const corner = picture.getBoundingClientRect();
    const scale = Math.min(corner.width / view.photo.width, corner.height / view.photo.height);
    const x = (event.clientX - corner.left - (corner.width - scale * view.photo.width) / 2) / scale;
    const y = (event.clientY - corner.top - (corner.height - scale * view.photo.height) / 2) / scale;
    if (x >= 0 && y >= 0 && x <= view.photo.width && y <= view.photo.height) choose(Math.floor(y / down), Math.floor(x / across));
  });
  picture.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step && event.key !== "Enter") return;
    event.preventDefault();
    const [row, column] = place ?? [Math.floor(rows / 2), Math.floor(columns / 2)];
    if (place && step) choose(row + step[0], column + step[1]);
    else choose(row, column);
  });
};

export const drawPhoto = (href, { width, height }, words) => draw(
  "svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words, class: "picture" },
  draw("image", { class: "photo", href, width, height, preserveAspectRatio: "none" }),
);

export const drawView = (view, href, words, { chosen = null, letters = 1 } = {}) => {
  const { width, height } = view.photo;
  const picture = drawPhoto(href, view.photo, words);
  picture.append(
    draw("image", { class: "map", href: view.map_uri, width, height, preserveAspectRatio: "none" }),
    draw("g", { class: "regions" }, frames(view.low, "lowest", letters), frames(view.top, "highest", letters)),
  );
  if (chosen) {
    picture.setAttribute("tabindex", "0");
    picture.setAttribute("role", "application");
    follow(picture, view, chosen);
  }
  return picture;
};
