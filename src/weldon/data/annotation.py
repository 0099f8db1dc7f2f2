"""What is drawn on one image: the one form between our predictions and every annotation tool's file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from weldon.data.record import Box
from weldon.errors import DataError


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
        unknown: classes that several annotators do not agree on.
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

    @property
    def named(self) -> frozenset[str]:
        """Every class that is said to be in the image, in whichever way."""
        drawn: tuple[Box | Keypoint | Polygon, ...] = (*self.boxes, *self.points, *self.polygons)
        return frozenset(self.labels) | {mark.label for mark in drawn}


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
