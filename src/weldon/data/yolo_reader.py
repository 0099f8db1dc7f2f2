"""YOLO text files as other tools write them: boxes and outlines as shares of the image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from weldon.data.annotation import AnnotationSet, ImageAnnotation, Polygon
from weldon.data.image import SUFFIXES, image_size
from weldon.data.left_out import LeftOut
from weldon.data.numbers import drawn_box, number, shortened
from weldon.data.record import Box
from weldon.data.yaml_file import read_yaml
from weldon.errors import DataError
from weldon.files import read_text


def read_yolo(folder: str | Path) -> AnnotationSet:
    """Return the boxes and polygons of a YOLO folder: ``data.yaml``, ``labels`` and ``images``.

    An image without a text file is not listed: nothing is known of it. A box without an inside keeps its
    class only.

    Raises:
        DataError: no ``data.yaml`` with names, a text without its image or with two, or lines that are none:
            all listed.
    """
    folder = Path(folder)
    left, problems = LeftOut(folder.name), list[str]()
    classes = read_names(folder / "data.yaml")
    pictures = _pictures(folder / "images")
    images = []
    for path in sorted((folder / "labels").rglob("*.txt")):
        name = path.relative_to(folder / "labels").with_suffix("")
        found = pictures.pop(name, [])
        where = f"labels/{name.as_posix()}.txt"
        if len(found) == 1:
            try:
                image = _Reading(classes, left, problems).image(path, found[0])
                images.append(replace(image, file_name=found[0].relative_to(folder / "images").as_posix()))
            except DataError as error:
                problems.append(str(error))
        elif found:
            same = " and ".join(picture.name for picture in found)
            problems.append(f"{where}: {same} share it: nothing tells which one it is of")
        else:
            problems.append(f"{where}: no image of that name in {folder / 'images'}")
    if problems:
        raise DataError(f"{folder} cannot be read as YOLO labels:", problems)
    for bare in pictures.values():
        left.add("images have no text file and were left out", bare[0].name)
    return AnnotationSet(tuple(images), tuple(dict.fromkeys(classes.values())), left.notes())


def read_names(path: Path) -> dict[int, str]:
    """Return the class of each id in a ``data.yaml``.

    Raises:
        DataError: it has no ``names``, as a list or as numbers to names.
    """
    content = read_yaml(path)
    names = content.get("names") if isinstance(content, dict) else None
    pairs: Any = names.items() if isinstance(names, dict) else enumerate(names) if names else ()
    try:
        found = {int(key): name for key, name in pairs}
    except (TypeError, ValueError) as error:
        raise DataError(f"{path} must hold `names`, a list or numbers to names: {error}") from error
    strange = [name for name in found.values() if not isinstance(name, str) or not name.strip()]
    if not found or strange or isinstance(names, str):
        raise DataError(
            f"{path} must hold `names`, a list or numbers to names, got {shortened((strange or [names])[0])}"
        )
    return found


def _pictures(folder: Path) -> dict[Path, list[Path]]:
    """Return the images by their path without its ending."""
    found: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES:
            found[path.relative_to(folder).with_suffix("")].append(path)
    return found


@dataclass(frozen=True, slots=True)
class _Reading:
    """How text files are read.

    Args:
        classes: of the ids.
        left: what was left out.
        problems: what is wrong.
    """

    classes: Mapping[int, str]
    left: LeftOut
    problems: list[str]

    def image(self, path: Path, picture: Path) -> ImageAnnotation:
        """Return what a text file says about a picture.

        Raises:
            DataError: one of the two cannot be read.
        """
        width, height = image_size(picture)
        boxes, polygons, labels = list[Box](), list[Polygon](), list[str]()
        for place, line in enumerate(read_text(path).split("\n"), start=1):
            where = f"{path.name} line {place}"
            if not line.strip():
                continue
            try:
                label, mark = _mark(line.split(), self.classes, width, height)
            except (ValueError, KeyError) as error:
                self.problems.append(f"{where}: {shortened(line.strip())}: {error.args[0]}")
                continue
            if isinstance(mark, Box):
                boxes.append(mark)
            elif mark is not None:
                polygons.append(mark)
            else:
                labels.append(label)
                self.left.add("boxes without an inside were left out; their class counts as present", where)
        return ImageAnnotation(
            picture.name, width, height, tuple(boxes), tuple(labels), polygons=tuple(polygons)
        )


def _mark(
    cells: Sequence[str], classes: Mapping[int, str], width: int, height: int
) -> tuple[str, Box | Polygon | None]:
    """Return the class of a line with its box or outline; None for a box without an inside."""
    index, *shares = cells
    if int(index) not in classes:
        raise KeyError(f"no class {index} in data.yaml: the ids are {min(classes)} to {max(classes)}")
    label, values = classes[int(index)], [number(share) for share in shares]
    if len(values) in (4, 5):
        x, y, across, down = values[:4]
        edges = (
            (x - across / 2) * width,
            (y - down / 2) * height,
            (x + across / 2) * width,
            (y + down / 2) * height,
        )
        return label, drawn_box(label, edges, values[4] if len(values) == 5 else None)
    if len(values) < 6 or len(values) % 2:
        raise ValueError(
            f"a line has an id and 4 or 5 numbers, or 3 or more corners, got {len(values)} numbers"
        )
    corners = zip(values[::2], values[1::2], strict=True)
    return label, Polygon(label, tuple((x * width, y * height) for x, y in corners))
