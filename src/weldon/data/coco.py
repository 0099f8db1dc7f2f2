"""COCO json: ids from 1, boxes as x, y, width, height, polygons along pixel edges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from weldon.data.annotation import ImageAnnotation, Polygon, refuse_strangers
from weldon.data.polygons import mask_regions
from weldon.files import write_json

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
