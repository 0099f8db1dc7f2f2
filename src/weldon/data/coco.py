"""COCO json: ids from 1, boxes as x, y, width, height, polygons along pixel edges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from weldon.data.annotation import AnnotationSet, ImageAnnotation, Keypoint, Polygon, refuse_strangers
from weldon.data.json_file import read_json, write_json
from weldon.data.polygons import mask_regions
from weldon.data.record import Box
from weldon.errors import DataError

Json = dict[str, Any]


def is_coco(content: Any) -> bool:
    """Return whether a JSON document is a COCO data set."""
    return isinstance(content, dict) and {"images", "annotations", "categories"} <= content.keys()


def read_coco(path: str | Path) -> AnnotationSet:
    """Return the boxes and polygons of a COCO data set; classes stand in the order of their ids.

    ``score`` is kept where there is one; regions given as run lengths keep their box only; ``labels``,
    ``scores`` and ``points`` of an image are read as ``write_coco`` writes them.

    Raises:
        DataError: no COCO data set, or annotations of unknown images or categories, all listed.
    """
    content = read_json(path)
    if not is_coco(content):
        raise DataError(f"{path} is no COCO data set: it must hold images, annotations and categories")
    try:
        return _read(content, Path(path).name)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} is not laid out as COCO is: {error!r}") from error


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


def _read(content: Json, name: str) -> AnnotationSet:
    problems: list[str] = []
    names = {
        entry["id"]: str(entry["name"]) for entry in sorted(content["categories"], key=lambda c: c["id"])
    }
    marks: dict[Any, list[tuple[Box | None, list[Polygon]]]] = defaultdict(list)
    known = {image["id"] for image in content["images"]}
    for entry in content["annotations"]:
        where = f"{name}, annotation {entry.get('id')}"
        if entry.get("image_id") not in known:
            problems.append(f"{where}: no image {entry.get('image_id')!r}")
        elif entry.get("category_id") not in names:
            problems.append(f"{where}: no category {entry.get('category_id')!r}")
        else:
            marks[entry["image_id"]].append(_marks(entry, names[entry["category_id"]], where, problems))
    if problems:
        raise DataError(f"{name} contradicts itself:", problems)
    images = tuple(_image(image, marks[image["id"]], names) for image in content["images"])
    return AnnotationSet(images, tuple(dict.fromkeys(names.values())))


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


def _image(
    entry: Json, marks: Sequence[tuple[Box | None, list[Polygon]]], names: Mapping[Any, str]
) -> ImageAnnotation:
    return ImageAnnotation(
        file_name=str(entry["file_name"]),
        width=int(entry.get("width") or 0),
        height=int(entry.get("height") or 0),
        boxes=tuple(box for box, _ in marks if box is not None),
        labels=tuple(entry.get("labels") or ()),
        scores=entry.get("scores"),
        points=tuple(
            Keypoint(names[point["category_id"]], point["x"], point["y"], point.get("score"))
            for point in entry.get("points") or ()
        ),
        polygons=tuple(polygon for _, polygons in marks for polygon in polygons),
    )


def _marks(entry: Json, name: str, where: str, problems: list[str]) -> tuple[Box | None, list[Polygon]]:
    score = entry.get("score")
    outlines = entry.get("segmentation") or []
    polygons = [
        Polygon(name, tuple(zip(flat[::2], flat[1::2], strict=True)), score)
        for flat in (outlines if isinstance(outlines, list) else [])
        if len(flat) >= 6 and len(flat) % 2 == 0
    ]
    bbox = entry.get("bbox")
    if isinstance(bbox, list) and len(bbox) == 4:
        x, y, width, height = (float(value) for value in bbox)
        return Box(name, x, y, x + width, y + height, score, bool(entry.get("iscrowd"))), polygons
    if not polygons:
        problems.append(f"{where}: neither a bbox of four numbers nor a polygon")
        return None, []
    xs, ys = zip(*(point for polygon in polygons for point in polygon.points), strict=True)
    return Box(name, min(xs), min(ys), max(xs), max(ys), score), polygons


def _xywh(x1: float, y1: float, x2: float, y2: float) -> list[float]:
    return [round(float(value), 3) for value in (x1, y1, x2 - x1, y2 - y1)]


def _flat(points: Sequence[tuple[float, float]]) -> list[float]:
    return [round(float(value), 3) for point in points for value in point]


def _area(polygon: Polygon) -> float:
    """Return the area inside a polygon (shoelace formula)."""
    x, y = np.array(polygon.points, dtype=np.float64).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
