"""One annotation of a COCO file: a box, outlines, run lengths, or nothing but its category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from weldon.data.formats.annotation import Polygon
from weldon.data.formats.left_out import LeftOut
from weldon.data.formats.numbers import confidence, drawn_box, number, shortened
from weldon.data.formats.run_lengths import box_of_runs, runs_of_text
from weldon.data.record import Box

Json = dict[str, Any]
Edges = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """What one annotation says.

    Args:
        label: class name.
        box: where; None where the annotation does not say.
        polygons: the outlines.
    """

    label: str
    box: Box | None
    polygons: tuple[Polygon, ...] = ()


def read_mark(entry: Json, label: str, where: str, left: LeftOut) -> Mark:
    """Return one annotation; a place that cannot be used is left out, and its class stays.

    Args:
        entry: of the file.
        label: name of its category.
        where: it stands.
        left: what was left out.

    Raises:
        ValueError: numbers that are none.
    """
    score = confidence(entry.get("score"))
    polygons = _polygons(entry.get("segmentation"), label, score, where, left)
    edges = _bbox(entry.get("bbox"))
    if edges is None and polygons:
        xs, ys = zip(*(point for polygon in polygons for point in polygon.points), strict=True)
        edges = (min(xs), min(ys), max(xs), max(ys))
    if edges is None and isinstance(entry.get("segmentation"), dict):
        edges = _around_runs(entry["segmentation"], where, left)
    if edges is None:
        return Mark(label, None, polygons)
    box = drawn_box(label, edges, score, difficult=bool(entry.get("iscrowd")))
    if box is None:
        left.add("boxes without an inside were left out; their class counts as present", where)
    return Mark(label, box, polygons)


def _bbox(bbox: Any) -> Edges | None:
    if bbox is None or bbox == []:
        return None
    if not isinstance(bbox, list) or len(bbox) != 4:
        raise ValueError(f"its bbox must be four numbers, got {shortened(bbox)}")
    x, y, width, height = (number(value) for value in bbox)
    return x, y, x + width, y + height


def _polygons(
    segmentation: Any, label: str, score: float | None, where: str, left: LeftOut
) -> tuple[Polygon, ...]:
    if segmentation is None or isinstance(segmentation, dict):
        return ()
    if not isinstance(segmentation, list):
        raise ValueError(f"its segmentation must be a list or run lengths, got {shortened(segmentation)}")
    flat = segmentation and not any(isinstance(part, list) for part in segmentation)
    found = []
    for outline in (
        [segmentation] if flat else segmentation
    ):  # by hand, one outline often stands without a list
        if not isinstance(outline, list):
            raise ValueError(f"its segmentation mixes lists and {shortened(outline)}")
        values = [number(value) for value in outline]
        if len(values) >= 6 and len(values) % 2 == 0:
            corners = tuple(zip(values[::2], values[1::2], strict=True))
            found.append(Polygon(label, corners, score))
        else:
            left.add("outlines of fewer than three corners were left out", where)
    return tuple(found)


def _around_runs(segmentation: Json, where: str, left: LeftOut) -> Edges | None:
    """Return the box around a mask of run lengths, which are counted column by column."""
    try:
        height, width = (int(number(value)) for value in segmentation["size"])
        counts = segmentation["counts"]
        runs = runs_of_text(counts) if isinstance(counts, str) else counts
        found = box_of_runs(runs, (width, height))
        edges = None if found is None else (found[1], found[0], found[3], found[2])
    except (KeyError, TypeError, ValueError, OverflowError):
        edges = None
    if edges is None:
        left.add("masks hold no pixel or cannot be read: their class is present, at no place", where)
    return edges
