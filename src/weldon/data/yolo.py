"""YOLO: a text file an image, centre and size as shares of the image, ids from 0, names in ``data.yaml``."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from weldon.data.annotation import AnnotationSet, ImageAnnotation, Polygon, refuse_strangers
from weldon.data.image import SUFFIXES, image_size
from weldon.data.record import Box
from weldon.errors import DataError


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
        DataError: a label is none of the classes, names that differ in the ending only, or boxes on an image
            without size.
    """
    refuse_strangers(images, classes)
    _refuse_clashes(images)
    ids = {name: number for number, name in enumerate(classes)}
    for image in images:
        path = Path(folder) / "labels" / PurePosixPath(image.file_name).with_suffix(".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in _lines(image, ids, scores)), encoding="utf-8")
    # A JSON string is a YAML string, whatever a class is called.
    names = "".join(f"  {number}: {json.dumps(name, ensure_ascii=False)}\n" for name, number in ids.items())
    text = f"path: .\ntrain: images\nval: images\nnames:\n{names}"
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / "data.yaml").write_text(text, encoding="utf-8")


def read_yolo(folder: str | Path) -> AnnotationSet:
    """Return the boxes and polygons of a YOLO folder: ``data.yaml``, ``labels`` and ``images``.

    Raises:
        DataError: no ``data.yaml`` with names, a text without its image, or lines that are none: all listed.
    """
    folder = Path(folder)
    classes = _names(folder / "data.yaml")
    pictures = {
        path.relative_to(folder / "images").with_suffix(""): path
        for path in sorted((folder / "images").rglob("*"))
        if path.suffix.lower() in SUFFIXES
    }
    problems: list[str] = []
    images = []
    for path in sorted((folder / "labels").rglob("*.txt")):
        name = path.relative_to(folder / "labels").with_suffix("")
        if name not in pictures:
            problems.append(f"labels/{name.as_posix()}.txt: no image of that name in {folder / 'images'}")
            continue
        images.append(_image(path, pictures[name], folder / "images", classes, problems))
    if problems:
        raise DataError(f"{folder} cannot be read as YOLO labels:", problems)
    return AnnotationSet(tuple(images), tuple(classes.values()))


def _refuse_clashes(images: Sequence[ImageAnnotation]) -> None:
    same: dict[PurePosixPath, list[str]] = defaultdict(list)
    for image in images:
        same[PurePosixPath(image.file_name).with_suffix("")].append(image.file_name)
    problems = [" and ".join(names) for names in same.values() if len(names) > 1]
    if problems:
        raise DataError(
            "YOLO writes NAME.txt for an image, so these would share a file; rename them:", problems
        )


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


def _names(path: Path) -> dict[int, str]:
    import yaml

    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        names = content["names"]
        pairs = enumerate(names) if isinstance(names, list) else names.items()
        return {int(number): str(name) for number, name in pairs}
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} must hold `names`, a list or numbers to names: {error!r}") from error


def _image(
    path: Path, picture: Path, root: Path, classes: Mapping[int, str], problems: list[str]
) -> ImageAnnotation:
    width, height = image_size(picture)
    boxes, polygons = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            index, *shares = line.split()
            label, values = classes[int(index)], [float(share) for share in shares]
            if len(values) in (4, 5):
                boxes.append(_box(label, values, width, height))
            elif len(values) >= 6 and len(values) % 2 == 0:
                corners = zip(values[::2], values[1::2], strict=True)
                polygons.append(Polygon(label, tuple((x * width, y * height) for x, y in corners)))
            else:
                raise ValueError(f"{len(values)} numbers")
        except (ValueError, KeyError) as error:
            problems.append(f"{path.name} line {number}: {line.strip()[:60]!r}: {error!r}")
    return ImageAnnotation(
        picture.relative_to(root).as_posix(), width, height, tuple(boxes), polygons=tuple(polygons)
    )


def _box(label: str, values: Sequence[float], width: int, height: int) -> Box:
    x, y, across, down = values[:4]
    edges = (
        (x - across / 2) * width,
        (y - down / 2) * height,
        (x + across / 2) * width,
        (y + down / 2) * height,
    )
    return Box(label, *edges, values[4] if len(values) == 5 else None)
