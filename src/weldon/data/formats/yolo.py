"""YOLO: a text file an image, centre and size as shares of the image, ids from 0, names in ``data.yaml``."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from weldon.data.file_names import inside, refuse_shared
from weldon.data.formats.annotation import (
    AnnotationFormat,
    AnnotationSet,
    ImageAnnotation,
    Polygon,
    refuse_strangers,
)
from weldon.data.formats.left_out import LeftOut
from weldon.data.formats.numbers import drawn_box, number, shortened
from weldon.data.image import SUFFIXES, image_size
from weldon.data.record import Box
from weldon.errors import DataError
from weldon.files import read_text, write_text


def read_yaml(path: str | Path) -> Any:
    """Return lists, dicts and texts; ``no``, ``7`` and ``1.10`` stay what is written there.

    Aliases are refused: a few hundred bytes of them stand for gigabytes.

    Raises:
        DataError: it cannot be read, is no YAML, or uses aliases.
    """
    import yaml

    class PlainTexts(yaml.BaseLoader):  # type: ignore[misc]  # yaml says nothing of its types
        """Resolve nothing and repeat nothing."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                event = self.peek_event()
                raise yaml.YAMLError(
                    f"line {event.start_mark.line + 1}: the alias *{event.anchor}: write the value out"
                )
            return super().compose_node(parent, index)

    try:
        return yaml.load(read_text(path), PlainTexts)  # BaseLoader makes texts only
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise DataError(f"cannot read {path} as YAML: {error}") from error


def write_yolo(
    folder: str | Path, images: Sequence[ImageAnnotation], classes: Sequence[str], *, scores: bool = False
) -> None:
    """Write ``labels/NAME.txt`` for each image (empty without boxes) and ``data.yaml``.

    The photographs belong beside it, under ``images`` with the same names. Only boxes have a place in this
    format.

    Args:
        folder: made where needed.
        images: what to write.
        classes: ids 0, 1, ... as YOLO demands.
        scores: add each score as a sixth number, as ``save_conf=True`` does in YOLO; its training refuses it.

    Raises:
        DataError: a label is none of the classes, names that differ in their ending or in capitals only, or
            boxes on an image without size.
    """
    refuse_strangers(images, classes)
    refuse_shared([image.file_name for image in images], "YOLO")
    ids = {name: number for number, name in enumerate(classes)}
    for image in images:
        path = inside(Path(folder) / "labels", image.file_name).with_suffix(".txt")
        write_text(path, "".join(f"{line}\n" for line in _lines(image, ids, scores)))
    # A JSON string is a YAML string, whatever a class is called.
    names = "".join(f"  {number}: {json.dumps(name, ensure_ascii=False)}\n" for name, number in ids.items())
    text = f"path: .\ntrain: images\nval: images\nnames:\n{names}"
    write_text(Path(folder) / "data.yaml", text)


def _lines(image: ImageAnnotation, ids: Mapping[str, int], scores: bool) -> Iterator[str]:
    if image.boxes and not (image.width and image.height):
        raise DataError(f"{image.file_name} has boxes but no size: shares cannot be computed")
    for box in image.boxes:
        shares = (
            (box.x1 + box.x2) / 2 / image.width,
            (box.y1 + box.y2) / 2 / image.height,
            (box.x2 - box.x1) / image.width,
            (box.y2 - box.y1) / image.height,
        )
        score = [f"{float(box.score):.6f}"] if scores and box.score is not None else []
        yield " ".join([str(ids[box.label]), *(f"{float(share):.6f}" for share in shares), *score])


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


FORMAT = AnnotationFormat(
    write=lambda folder, images, classes, _: write_yolo(folder / "yolo", images, classes),
    read=read_yolo,
    called="a folder of YOLO with its data.yaml",
    endings=("",),
    holds=lambda candidate: (candidate.path / "data.yaml").is_file(),
    each_image=True,
)
