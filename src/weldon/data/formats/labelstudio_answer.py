"""What one person answered about a picture in Label Studio: marks with a place, and classes without one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import cos, radians, sin
from typing import Any

from weldon.data.formats.annotation import ImageAnnotation, Keypoint, Polygon
from weldon.data.formats.labelstudio import CONTROLS
from weldon.data.formats.labelstudio_tasks import implied, paths_of
from weldon.data.formats.left_out import LeftOut
from weldon.data.formats.numbers import confidence, drawn_box, number, shortened, side
from weldon.data.record import Box

Json = dict[str, Any]
Taxonomy = dict[tuple[str, ...], str]

# Marks without a counterpart here: they say that a class is in the image, and not where.
UNDRAWN = (
    *("labels", "brushlabels", "ellipselabels", "bitmasklabels", "vectorlabels", "videorectangle"),
    *("timelinelabels", "hypertextlabels", "paragraphlabels", "timeserieslabels"),
)
TAXONOMY = "taxonomy"

# Answers that name no class: texts and numbers, and shapes whose class stands in an answer beside them.
CLASSLESS = frozenset(
    {
        *("textarea", "rating", "number", "datetime", "relation", "pairwise", "ranker"),
        *("rectangle", "keypoint", "polygon", "ellipse", "brush", "bitmask", "vector"),
    }
)


class Answer:
    """Results of one person on one picture, added one after the other.

    Args:
        where: the task, for messages.
        left: collects what has no counterpart here.
    """

    def __init__(self, where: str, left: LeftOut) -> None:
        self.where, self.left = where, left
        self.size = 0, 0
        self.boxes: list[Box] = []
        self.points: list[Keypoint] = []
        self.polygons: list[Polygon] = []
        self.labels: list[str] = []
        self.chosen: list[tuple[str, ...]] = []  # paths of taxonomies
        self.partial = False

    def add(self, results: Iterable[Json]) -> Answer:
        """Read results, and return this answer.

        Raises:
            KeyError, TypeError, ValueError: a result without its values, or with others than it must have.
        """
        for part in results:
            width, height = side(part.get("original_width")), side(part.get("original_height"))
            self.size = width or self.size[0], height or self.size[1]
            value, score = part.get("value") or {}, confidence(part.get("score"))
            kind = str(part.get("type") or _kind_of(value))
            self._name(kind, value)
            if "value" not in part and kind in (*CONTROLS, *UNDRAWN, TAXONOMY):
                raise ValueError(f"an answer of the kind {kind!r} has no value")
            if kind in CONTROLS and kind != "choices":
                for label in _names(value, kind):
                    self._draw(kind, label, value, score)
        return self

    def _name(self, kind: str, value: Json) -> None:
        """Keep the classes of a result that says no place."""
        if kind == TAXONOMY:
            self.chosen += paths_of(value.get(TAXONOMY) or [])
        elif kind == "choices" or kind in UNDRAWN:
            self.labels += _names(value, kind)
        elif kind in CLASSLESS:
            self.left.add(f"answers of the kind {kind!r} name no class and were passed over", self.where)
        elif kind not in CONTROLS:
            self.partial = True
            what = f"answers of the kind {kind!r} are not understood: classes not named there are unknown"
            self.left.add(what, self.where)

    def _draw(self, kind: str, label: str, value: Json, score: float | None) -> None:
        """Keep a point, a polygon or a box; a box without an inside says that its class is there."""
        if kind == "keypointlabels":
            self.points.append(Keypoint(label, *_pixels(value["x"], value["y"], self.size), score))
        elif kind == "polygonlabels":
            corners = tuple(_pixels(x, y, self.size) for x, y in value["points"])
            if not corners:
                raise ValueError(f"a polygon of {label!r} has no points")
            self.polygons.append(Polygon(label, corners, score))
        elif (box := drawn_box(label, _upright(value, *self.size), score)) is not None:
            self.boxes.append(box)
        else:
            self.labels.append(label)
            what = "boxes have no inside, or no image size: their class counts as present"
            self.left.add(what, self.where)

    def of(self, file_name: str, taxonomy: Taxonomy) -> ImageAnnotation:
        """Return what was answered about the picture of that name."""
        present, unknown = implied(self.chosen, taxonomy)
        return ImageAnnotation(
            file_name,
            *self.size,
            tuple(self.boxes),
            tuple(dict.fromkeys((*self.labels, *present))),
            points=tuple(self.points),
            polygons=tuple(self.polygons),
            unknown=tuple(unknown),
            partial=self.partial,
        )


def _kind_of(value: Mapping[str, Any]) -> str | None:
    """Return the kind of an answer that does not say it."""
    return next((kind for kind in (*CONTROLS, *UNDRAWN, TAXONOMY) if kind in value), None)


def _names(value: Mapping[str, Any], kind: str) -> list[str]:
    """Return the classes of an answer.

    Raises:
        TypeError: something else than a list of names.
    """
    names = value.get(kind, value.get("labels") if kind in UNDRAWN else None)
    if names is None:
        return []
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise TypeError(f"{kind} must be a list of names, got {shortened(names)}")
    return list(names)


def _pixels(x: Any, y: Any, size: tuple[int, int]) -> tuple[float, float]:
    return number(x) * size[0] / 100, number(y) * size[1] / 100


def _upright(value: Json, width: int, height: int) -> tuple[float, float, float, float]:
    """Return the box in pixels; a rectangle turned about its upper left corner gives the box around it."""
    x, y = _pixels(value["x"], value["y"], (width, height))
    across, down = _pixels(value["width"], value["height"], (width, height))
    turn = radians(number(value.get("rotation") or 0))
    corners = [
        (u * cos(turn) - v * sin(turn), u * sin(turn) + v * cos(turn)) for u in (0, across) for v in (0, down)
    ]
    xs, ys = zip(*corners, strict=True)
    return x + min(xs), y + min(ys), x + max(xs), y + max(ys)
