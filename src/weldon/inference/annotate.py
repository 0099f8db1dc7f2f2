"""Results as annotations, for the files that annotation tools open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from weldon.data.annotation import ImageAnnotation, Keypoint
from weldon.inference.result import Result
from weldon.inference.table import box_confidence


def to_annotation(
    result: Result,
    *,
    points: bool = False,
    boxes: bool = False,
    masks: Mapping[str, Any] | None = None,
    box_threshold: float | None = None,
) -> ImageAnnotation:
    """Return what is predicted about an image as one annotation, every score in 0 to 1.

    Args:
        result: of the image.
        points: a point for each predicted class, scored with the class's probability.
        boxes: the boxes of each predicted class, scored with :func:`weldon.inference.table.box_confidence`.
        masks: options of :meth:`Result.mask` to add the mask; None adds none.
        box_threshold: as :meth:`Result.boxes` takes it; None takes the run's.
    """
    found = (
        [box for name in result.labels for box in result.boxes(name, threshold=box_threshold)]
        if boxes
        else []
    )
    return ImageAnnotation(
        file_name=result.file_name,
        width=result.width,
        height=result.height,
        boxes=tuple(replace(box, score=box_confidence(result, box)) for box in found),
        labels=tuple(result.labels),
        scores={name: result.probabilities[name] for name in result.labels},
        points=tuple(_keypoint(result, name) for name in result.labels) if points else (),
        mask=None if masks is None else result.mask(**masks),
    )


def _keypoint(result: Result, class_name: str) -> Keypoint:
    point = result.point(class_name)
    return Keypoint(class_name, point.x, point.y, score=result.probabilities[class_name])
