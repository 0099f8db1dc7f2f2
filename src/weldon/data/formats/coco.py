"""COCO json: ids from 1, boxes as x, y, width, height, polygons along pixel edges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from weldon.data.formats.annotation import (
    AnnotationFormat,
    AnnotationSet,
    ImageAnnotation,
    Keypoint,
    Polygon,
    refuse_strangers,
)
from weldon.data.formats.coco_marks import Mark, read_mark
from weldon.data.formats.left_out import LeftOut
from weldon.data.formats.numbers import confidence, number, shortened, side
from weldon.data.formats.polygons import mask_regions
from weldon.errors import DataError
from weldon.files import read_json, write_json

Json = dict[str, Any]


def write_coco(path: str | Path, images: Sequence[ImageAnnotation], classes: Sequence[str]) -> None:
    """Write a COCO data set.

    Each box is an annotation, and so is each polygon and each connected region of a mask (with all its
    polygons). Points and image-level labels have no place in COCO: they stand in ``points``, ``labels`` and
    ``scores`` of the image, which other tools pass over.

    Args:
        path: of the file.
        images: what to write.
        classes: category 1, 2, ...

    Raises:
        DataError: a label is none of the classes.
    """
    ids = {name: number for number, name in enumerate(classes, start=1)}
    refuse_strangers(images, classes)
    annotations: list[Json] = []
    for image_id, image in enumerate(images, start=1):
        for entry in _annotations(image, ids, classes):
            annotations.append({"id": len(annotations) + 1, "image_id": image_id, **entry})
    content = {
        "info": {"description": "written by weldon"},
        "images": [_described(number, image, ids) for number, image in enumerate(images, start=1)],
        "annotations": annotations,
        "categories": [{"id": number, "name": name, "supercategory": ""} for name, number in ids.items()],
    }
    write_json(path, content)


def _annotations(image: ImageAnnotation, ids: Mapping[str, int], classes: Sequence[str]) -> Iterator[Json]:
    for box in image.boxes:
        bbox = _xywh(box.x1, box.y1, box.x2, box.y2)
        yield _entry(ids[box.label], bbox, bbox[2] * bbox[3], [], box.score)
    for polygon in image.polygons:
        xs, ys = zip(*polygon.points, strict=True)
        bbox = _xywh(min(xs), min(ys), max(xs), max(ys))
        yield _entry(ids[polygon.label], bbox, _area(polygon), [_flat(polygon.points)], polygon.score)
    for name, region, score in mask_regions(image, classes):
        outlines = [_flat(points) for points in region.outlines]
        yield _entry(ids[name], _xywh(*region.box), region.area, outlines, score)


def _entry(
    category: int, bbox: list[float], area: float, segmentation: list[list[float]], score: float | None
) -> Json:
    scored = {} if score is None else {"score": round(float(score), 6)}
    return {
        "category_id": category,
        "bbox": bbox,
        "area": round(float(area), 3),
        "iscrowd": 0,
        "segmentation": segmentation,
        **scored,
    }


def _described(number: int, image: ImageAnnotation, ids: Mapping[str, int]) -> Json:
    entry: Json = {"id": number, "file_name": image.file_name, "width": image.width, "height": image.height}
    if image.labels:
        entry["labels"] = list(image.labels)
    if image.scores is not None:
        entry["scores"] = {name: round(float(score), 6) for name, score in image.scores.items()}
    if image.points:
        entry["points"] = [
            {
                "category_id": ids[point.label],
                "x": round(point.x, 3),
                "y": round(point.y, 3),
                "score": point.score,
            }
            for point in image.points
        ]
    return entry


def _xywh(x1: float, y1: float, x2: float, y2: float) -> list[float]:
    return [round(float(value), 3) for value in (x1, y1, x2 - x1, y2 - y1)]


def _flat(points: Sequence[tuple[float, float]]) -> list[float]:
    return [round(float(value), 3) for point in points for value in point]


def _area(polygon: Polygon) -> float:
    """Return the area inside a polygon (shoelace formula)."""
    x, y = np.array(polygon.points, dtype=np.float64).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


Names = Mapping[Hashable, str]


def is_coco(content: Any) -> bool:
    """Return whether a JSON document is a COCO data set."""
    return isinstance(content, dict) and {"images", "annotations", "categories"} <= content.keys()


def read_coco(path: str | Path) -> AnnotationSet:
    """Return the marks and labels of a COCO data set; classes stand in the order of their ids.

    ``score`` is kept where there is one; an annotation without a place is a label of its image; ``labels``,
    ``scores`` and ``points`` of an image are read as ``write_coco`` writes them. An image that lists
    ``neg_category_ids`` (LVIS) leaves every class unknown that it neither shows nor lists.

    Raises:
        DataError: no COCO data set, ids that stand for two things, annotations of unknown images or
            categories, or numbers that are none: all listed.
    """
    content = read_json(path)
    if not is_coco(content):
        raise DataError(f"{path} is no COCO data set: it must hold images, annotations and categories")
    try:
        return _read(content, Path(path).name)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} is not laid out as COCO is: {error!r}") from error


def _read(content: Json, name: str) -> AnnotationSet:
    problems: list[str] = []
    left = LeftOut(name)
    names = _categories(content["categories"], name, problems)
    files = _once(content["images"], "image", "file_name", name, problems)
    marks: dict[Hashable, list[Mark]] = defaultdict(list)
    for place, entry in enumerate(content["annotations"], start=1):
        where = f"annotation {entry.get('id', f'number {place}')}"
        if entry.get("image_id") not in files:
            problems.append(f"{name}, {where}: no image {shortened(entry.get('image_id'))}")
        elif entry.get("category_id") not in names:
            problems.append(f"{name}, {where}: no category {shortened(entry.get('category_id'))}")
        else:
            try:
                mark = read_mark(entry, names[entry["category_id"]], where, left)
                marks[entry["image_id"]].append(mark)
            except ValueError as error:
                problems.append(f"{name}, {where}: {error}")
    images = []
    for entry in content["images"]:
        try:
            images.append(_image(entry, marks[entry["id"]], names, left))
        except ValueError as error:
            problems.append(f"{name}, image {shortened(entry['id'])}: {error}")
    if problems:
        raise DataError(f"{name} contradicts itself or is damaged:", problems)
    return AnnotationSet(tuple(images), tuple(dict.fromkeys(names.values())), left.notes())


def _categories(entries: Sequence[Json], source: str, problems: list[str]) -> dict[Hashable, str]:
    """Return the names in the order of their ids."""
    found = _once(entries, "category", "name", source, problems)
    return dict(sorted(found.items()))


def _once(
    entries: Sequence[Json], what: str, key: str, source: str, problems: list[str]
) -> dict[Hashable, str]:
    """Return the name of each id; an id that comes twice, or without a name, is a problem."""
    found: dict[Hashable, str] = {}
    for entry in entries:
        value, name = entry["id"], entry[key]
        if not isinstance(name, str | int) or isinstance(name, bool) or not str(name).strip():
            problems.append(f"{source}, {what} {shortened(value)}: its {key} is {shortened(name)}")
        elif value in found:
            problems.append(
                f"{source}: two entries have the {what} id {value!r}: {found[value]!r} and {name!r}"
            )
        else:
            found[value] = str(name)
    return found


def _image(entry: Json, marks: Sequence[Mark], names: Names, left: LeftOut) -> ImageAnnotation:
    where = f"image {shortened(entry['id'])}"
    chosen = [mark.label for mark in marks if mark.box is None and not mark.polygons]
    own = _own_labels(entry, names, where, left)
    labels = tuple(dict.fromkeys((*(own or ()), *chosen)))
    return ImageAnnotation(
        file_name=str(entry["file_name"]),
        width=side(entry.get("width")),
        height=side(entry.get("height")),
        boxes=tuple(mark.box for mark in marks if mark.box is not None),
        labels=labels,
        scores=_own_scores(entry, names, where, left),
        points=_own_points(entry, names, where, left),
        polygons=tuple(polygon for mark in marks for polygon in mark.polygons),
        unknown=_unlisted(entry, {*labels, *(mark.label for mark in marks)}, names),
        partial=own is None,
    )


def _own_labels(entry: Json, names: Names, where: str, left: LeftOut) -> list[str] | None:
    """Return the labels that stand in the image itself; None where they are not understood."""
    labels = entry.get("labels") or []
    if isinstance(labels, list) and all(label in names.values() for label in labels):
        return labels
    left.add("images have `labels` that are no list of categories: what is not drawn there is unknown", where)
    return None


def _own_scores(entry: Json, names: Names, where: str, left: LeftOut) -> dict[str, float] | None:
    scores = entry.get("scores")
    if scores is None:
        return None
    try:
        known = {name: number(score) for name, score in scores.items() if name in names.values()}
    except (AttributeError, ValueError):
        known = {}
    if len(known) < len(scores):
        left.add("images have `scores` that are not of categories: they were left out", where)
    return known or None


def _own_points(entry: Json, names: Names, where: str, left: LeftOut) -> tuple[Keypoint, ...]:
    try:
        return tuple(
            Keypoint(
                names[point["category_id"]],
                number(point["x"]),
                number(point["y"]),
                confidence(point.get("score")),
            )
            for point in entry.get("points") or ()
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        left.add("images have `points` that are not ours: they were left out", where)
        return ()


def _unlisted(entry: Json, shown: set[str], names: Names) -> tuple[str, ...]:
    """Return the classes that nobody looked for in an image which lists those that are absent."""
    absent = entry.get("neg_category_ids")
    if not isinstance(absent, list):
        return ()
    looked = shown | {names[value] for value in absent if value in names}
    return tuple(sorted(set(names.values()) - looked))


FORMAT = AnnotationFormat(
    write=lambda folder, images, classes, _: write_coco(folder / "coco.json", images, classes),
    read=read_coco,
    called="a COCO data set (.json with images, annotations and categories)",
    endings=(".json",),
    holds=lambda candidate: is_coco(candidate.content),
)
