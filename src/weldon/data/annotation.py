"""What is drawn on one image: the one form between our predictions and every annotation tool's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from weldon.data.record import Box


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
        width: of the upright original, in pixels.
        height: of the upright original, in pixels.
        boxes: rectangles, with scores where they are predictions.
        labels: classes present in the image as a whole.
        scores: confidence of image-level classes, best in [0, 1].
        points: one or more points of a class.
        polygons: outlines of a class.
        mask: ``(height, width)`` integers, 0 = background, i = class i - 1, 255 = ignored; writers turn it
            into polygons.
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

    @property
    def named(self) -> frozenset[str]:
        """Every class that is said to be in the image, in whichever way."""
        drawn: tuple[Box | Keypoint | Polygon, ...] = (*self.boxes, *self.points, *self.polygons)
        return frozenset(self.labels) | {mark.label for mark in drawn}


@dataclass(frozen=True, slots=True)
class AnnotationSet:
    """What a reader returns: the images of a file and its classes in their order."""

    images: tuple[ImageAnnotation, ...]
    classes: tuple[str, ...]
