"""What is drawn on an image, between our predictions and every tool's file; what a file format says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weldon.data.record import Box
from weldon.errors import DataError
from weldon.files import read_json


@dataclass(frozen=True, slots=True)
class Keypoint:
    """A point of a class, in pixels of the upright original.

    Args:
        label: class name.
        x: from the left edge.
        y: from the upper edge.
        score: confidence; None for truth.
    """

    label: str
    x: float
    y: float
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed outline of a class, in pixels of the upright original.

    Args:
        label: class name.
        points: corners ``(x, y)`` in order; the last joins the first.
        score: confidence; None for truth.
    """

    label: str
    points: tuple[tuple[float, float], ...]
    score: float | None = None


@dataclass(frozen=True, slots=True)
class ImageAnnotation:
    """Everything said about one image.

    Args:
        file_name: as the annotation tool should find it.
        width: of the upright original, in pixels; 0 where a file does not tell.
        height: likewise.
        boxes: rectangles, with scores where they are predictions.
        labels: classes present in the image as a whole.
        scores: confidence of image-level classes, best in [0, 1].
        points: one or more points of a class.
        polygons: outlines of a class.
        mask: ``(height, width)`` integers, 0 = background, i = class i - 1, 255 = ignored; writers turn it
            into polygons.
        unknown: classes that are neither said to be there nor to be absent, as where annotators disagree.
        partial: something about the image could not be understood: no class that is not named is absent.
    """

    file_name: str
    width: int
    height: int
    boxes: tuple[Box, ...] = ()
    labels: tuple[str, ...] = ()
    scores: Mapping[str, float] | None = None
    points: tuple[Keypoint, ...] = ()
    polygons: tuple[Polygon, ...] = ()
    mask: NDArray[np.integer] | None = field(default=None, compare=False, repr=False)
    unknown: tuple[str, ...] = ()
    partial: bool = False

    @property
    def named(self) -> frozenset[str]:
        """Every class that is said to be in the image, in whichever way."""
        drawn: tuple[Box | Keypoint | Polygon, ...] = (*self.boxes, *self.points, *self.polygons)
        return frozenset(self.labels) | {mark.label for mark in drawn}

    def unknown_of(self, classes: Iterable[str]) -> frozenset[str]:
        """Return which of some classes are neither known to be in the image nor to be absent."""
        doubtful = frozenset(self.unknown) | (frozenset(classes) if self.partial else frozenset())
        return doubtful - self.named

    def truth(self, classes: Iterable[str] = ()) -> tuple[Box, ...]:
        """Return the boxes to measure against: those drawn, and those around outlines.

        A class whose place is not told, or of which nothing is known, gets a box over the whole image that is
        marked difficult: measures leave the image out of that class.

        Args:
            classes: those of the file, for an image that is understood in part only.
        """
        around = (_box_around(polygon) for polygon in self.polygons)
        drawn = (*self.boxes, *(box for box in around if not any(_holds(one, box) for one in self.boxes)))
        unplaced = (self.named | self.unknown_of(classes)) - {box.label for box in drawn}
        size = self.width or 1, self.height or 1
        return drawn + tuple(Box(name, 0, 0, *size, difficult=True) for name in sorted(unplaced))


@dataclass(frozen=True, slots=True)
class AnnotationSet:
    """What a reader returns.

    Args:
        images: of the file.
        classes: in the file's order.
        notes: what the user should know about the reading.
    """

    images: tuple[ImageAnnotation, ...]
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()


def refuse_strangers(images: Sequence[ImageAnnotation], classes: Sequence[str]) -> None:
    """Raise when an image carries a label that is none of the classes.

    Raises:
        DataError: with every such image.
    """
    known = frozenset(classes)
    problems = [f"{image.file_name}: {name!r}" for image in images for name in sorted(image.named - known)]
    if problems:
        raise DataError(f"labels that are none of the classes ({', '.join(classes)}):", problems)


def _box_around(polygon: Polygon) -> Box:
    xs, ys = zip(*polygon.points, strict=True)
    return Box(polygon.label, min(xs), min(ys), max(xs), max(ys), polygon.score)


def _holds(outer: Box, inner: Box) -> bool:
    """Return whether a box of the same class holds another, to the rounding of a file."""
    return (
        outer.label == inner.label
        and outer.x1 <= inner.x1 + 1
        and outer.y1 <= inner.y1 + 1
        and outer.x2 >= inner.x2 - 1
        and outer.y2 >= inner.y2 - 1
    )


Writer = Callable[[Path, Sequence[ImageAnnotation], Sequence[str], Path | None], None]


class Candidate:
    """A file or folder of which nobody knows yet what format it is.

    Args:
        path: where it lies.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def ending(self) -> str:
        """The ending of a file in small letters, with its dot; "" for a folder."""
        return "" if self.path.is_dir() else self.path.suffix.lower()

    @cached_property
    def content(self) -> Any:
        """What a JSON file holds, read once for all formats that look at it.

        Raises:
            DataError: it cannot be read.
        """
        return read_json(self.path)


def _any(_: Candidate) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class AnnotationFormat:
    """The files of one annotation tool.

    Args:
        write: takes a folder, the images, the classes in their order, and the folder of the photographs or
            None; puts its files into the folder, below one of its own where it has several.
        read: from a path to what stands there; None: the format is written only.
        called: what the format is, as an error lists it.
        endings: of files that may be of the format, with their dots; "" stands for a folder.
        holds: whether a file or folder of such an ending is of the format.
        each_image: True where it has a file for each image that is called after the image without ending.
    """

    write: Writer
    read: Callable[[Path], AnnotationSet] | None = None
    called: str = ""
    endings: tuple[str, ...] = ()
    holds: Callable[[Candidate], bool] = _any
    each_image: bool = False
