"""Label Studio's exports, JSON and JSON-MIN, as annotations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import cos, radians, sin
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from weldon.data.annotation import AnnotationSet, ImageAnnotation, Keypoint, Polygon
from weldon.data.image import SUFFIXES
from weldon.data.json_file import read_json
from weldon.data.labelstudio import CONTROLS
from weldon.data.record import Box
from weldon.errors import DataError

Json = dict[str, Any]

# Marks without a counterpart here: they say that a class is in the image, and not where.
UNDRAWN = ("labels", "brushlabels", "ellipselabels", "bitmasklabels", "vectorlabels")

_UPLOADED = re.compile(r"^/?data/upload/(\d+/)?([0-9a-f]{8}-)?")


def is_labelstudio(content: Any) -> bool:
    """Return whether a JSON document is an export of Label Studio (JSON or JSON-MIN), or tasks for it."""
    first = content[0] if isinstance(content, list) and content else None
    return isinstance(first, dict) and ("data" in first or "annotator" in first or "annotation_id" in first)


def read_labelstudio(path: str | Path) -> AnnotationSet:
    """Return the annotations of an export; classes are the sorted names that occur.

    Tasks that nobody annotated are left out. Where several people annotated one image, a class that only some
    of them saw is unknown. Turned rectangles become the upright boxes around them; brushes and ellipses name
    their class without a place.

    Raises:
        DataError: no Label Studio export, or tasks without an image, all listed.
    """
    content = read_json(path)
    if not is_labelstudio(content):
        raise DataError(f"{path} is no Label Studio export: it must be a list of tasks (JSON or JSON-MIN)")
    try:
        return _read(content, Path(path).name)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} is not laid out as Label Studio's exports are: {error!r}") from error


def file_name_of(url: str) -> str:
    """Return the file an image URL of Label Studio stands for.

    Example:
        >>> file_name_of("/data/local-files/?d=a%20b/c.jpg"), file_name_of("/data/upload/3/0a1b2c3d-c.jpg")
        ('a b/c.jpg', 'c.jpg')
    """
    parts = urlsplit(url)
    if local := parse_qs(parts.query).get("d"):
        return local[0]
    if "://" in url or url.startswith("/data/"):
        return _UPLOADED.sub("", unquote(parts.path)).lstrip("/")
    return url


def _read(content: Sequence[Json], name: str) -> AnnotationSet:
    problems: list[str] = []
    images = []
    for number, task in enumerate(content, start=1):
        url = _image_url(task.get("data", task))
        if url is None:
            problems.append(f"{name}, task {task.get('id', number)}: no image in its data")
        elif (answers := _answers(task)) is not None:
            images.append(_agreed(file_name_of(url), answers))
    if problems:
        raise DataError(f"{name} cannot be used as it is:", problems)
    bare = len(content) - len(images)
    notes = (f"{bare} of {len(content)} tasks are not annotated and were left out",) if bare else ()
    names = {name for image in images for name in (*image.named, *image.unknown)}
    return AnnotationSet(tuple(images), tuple(sorted(names)), notes)


def _image_url(data: Mapping[str, Any]) -> str | None:
    """Return the image of a task: under ``image``, else the first text that ends like one."""
    texts = [value for value in (data.get("image"), *data.values()) if isinstance(value, str)]
    if isinstance(data.get("image"), str):
        return texts[0]
    return next(
        (text for text in texts if PurePosixPath(file_name_of(text)).suffix.lower() in SUFFIXES), None
    )


def _answers(task: Json) -> list[list[Json]] | None:
    """Return the results of each person who annotated a task; None when nobody did."""
    if "data" not in task:  # JSON-MIN: the results stand beside the image, one person's at a time
        return [_from_minimal(task)]
    done = [entry for entry in task.get("annotations", []) if not entry.get("was_cancelled")]
    truth = [entry for entry in done if entry.get("ground_truth")]
    chosen = truth or done
    return [entry.get("result", []) for entry in chosen] or None


def _from_minimal(task: Json) -> list[Json]:
    results: list[Json] = []
    for value in task.values():
        if isinstance(value, dict) and "choices" in value:
            results.append({"type": "choices", "value": value})
        for mark in value if isinstance(value, list) else ():
            kinds = (kind for kind in (*CONTROLS, *UNDRAWN) if isinstance(mark, dict) and kind in mark)
            kind = next(kinds, None)
            if kind is not None:
                results.append({**mark, "type": kind, "value": mark})
    if isinstance(task.get("choice"), str):
        results.append({"type": "choices", "value": {"choices": [task["choice"]]}})
    return results


def _agreed(name: str, answers: Sequence[Sequence[Json]]) -> ImageAnnotation:
    """Return one annotation: what all people saw is present, what only some saw is unknown."""
    each = [_image(name, answer) for answer in answers]
    votes = Counter(label for image in each for label in image.named)
    disputed = tuple(sorted(label for label, count in votes.items() if count < len(each)))
    first = next((image for image in each if image.width), each[0])
    return ImageAnnotation(
        name,
        first.width,
        first.height,
        boxes=tuple(box for box in each[0].boxes if box.label not in disputed),
        labels=tuple(label for label in each[0].labels if label not in disputed),
        points=tuple(point for point in each[0].points if point.label not in disputed),
        polygons=tuple(polygon for polygon in each[0].polygons if polygon.label not in disputed),
        unknown=disputed,
    )


def _image(name: str, results: Iterable[Json]) -> ImageAnnotation:
    width = height = 0
    boxes, points, polygons, labels = [], [], [], []
    for part in results:
        kind, value, score = part.get("type"), part.get("value", {}), part.get("score")
        width = int(part.get("original_width") or width)
        height = int(part.get("original_height") or height)
        if kind == "choices" or kind in UNDRAWN:
            labels += [str(choice) for choice in value.get(kind, [])]
        for label in value.get(kind, []) if kind in CONTROLS and kind != "choices" else ():
            if kind == "rectanglelabels":
                boxes.append(Box(str(label), *_upright(value, width, height), score))
            elif kind == "keypointlabels":
                x, y = value["x"] * width / 100, value["y"] * height / 100
                points.append(Keypoint(str(label), x, y, score))
            else:
                corners = tuple((x * width / 100, y * height / 100) for x, y in value["points"])
                polygons.append(Polygon(str(label), corners, score))
    return ImageAnnotation(
        name, width, height, tuple(boxes), tuple(labels), points=tuple(points), polygons=tuple(polygons)
    )


def _upright(value: Json, width: int, height: int) -> tuple[float, float, float, float]:
    """Return the box in pixels; a rectangle turned about its upper left corner gives the box around it."""
    x, y = value["x"] * width / 100, value["y"] * height / 100
    across, down = value["width"] * width / 100, value["height"] * height / 100
    turn = radians(value.get("rotation") or 0)
    corners = [
        (u * cos(turn) - v * sin(turn), u * sin(turn) + v * cos(turn)) for u in (0, across) for v in (0, down)
    ]
    xs, ys = zip(*corners, strict=True)
    return x + min(xs), y + min(ys), x + max(xs), y + max(ys)
