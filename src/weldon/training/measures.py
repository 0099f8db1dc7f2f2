"""What ``weldon val`` measures, one small accumulator a question: which classes, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from weldon.data import Box, Geometry
from weldon.inference.localise import locate_point
from weldon.metrics import (
    LabelRows,
    PointingAccuracy,
    PointwiseLocalisation,
    average_precision,
    class_mean,
    per_class_accuracy,
    topk_accuracy,
)


class Measure(Protocol):
    """Looks at one image after another, then answers."""

    def update(self, number: int, file_name: str, geometry: Geometry, scores: Tensor, maps: Tensor) -> None:
        """Take in image ``number``: scores ``(C,)``, class maps ``(C, h, w)``."""

    def result(self) -> dict[str, Any]:
        """Return the figures, by the names of the JSON output."""


class ClassMeasure:
    """Mean average precision over the classes with positives, and accuracy where every image has one class.

    Args:
        target: ``(N, C)`` labels.
        known: ``(N, C)`` bool.
        classes: C names.
        task: ``multilabel`` or ``multiclass``.
        min_positives: classes with fewer known positives are left out of the mean.
    """

    def __init__(
        self, target: Tensor, known: Tensor, classes: Sequence[str], *, task: str, min_positives: int = 1
    ) -> None:
        self.target, self.known, self.classes, self.task = target, known, tuple(classes), task
        self.min_positives = min_positives
        self.rows = LabelRows(len(classes))

    def update(self, number: int, file_name: str, geometry: Geometry, scores: Tensor, maps: Tensor) -> None:
        """Keep the scores of one image."""
        one = torch.tensor([number])
        self.rows.update(scores[None], self.target[one], self.known[one], index=one)

    def result(self) -> dict[str, Any]:
        """Return ``map``, ``classes_measured``, ``per_class`` and, for one class an image, ``accuracy``."""
        scores, target, known = self.rows.compute()
        precision = average_precision(scores, target, known)
        positives = (target * known).sum(0)
        counted = positives >= self.min_positives
        figures: dict[str, Any] = {
            "images": len(scores),
            "map": float(class_mean(precision[counted])),
            "classes_measured": [
                name for name, yes in zip(self.classes, counted.tolist(), strict=True) if yes
            ],
            "per_class": {
                name: {"ap": ap, "positives": int(count)}
                for name, ap, count in zip(self.classes, precision.tolist(), positives, strict=True)
            },
        }
        if self.task == "multiclass":
            truth = target.argmax(1)
            figures["accuracy"] = float(topk_accuracy(scores, truth))
            figures["accuracy_per_class_mean"] = float(class_mean(per_class_accuracy(scores, truth)))
        return figures


class PointMeasure:
    """Pointwise localisation (section 6.4, Table 10) and plain pointing accuracy.

    Args:
        boxes: true boxes by file name; an image without an entry is left out.
        classes: C names; boxes of other classes are left out.
        min_positives: classes with a box in fewer images are left out of the mean.
    """

    def __init__(
        self, boxes: Mapping[str, Sequence[Box]], classes: Sequence[str], *, min_positives: int = 1
    ) -> None:
        self.boxes, self.classes, self.min_positives = boxes, tuple(classes), min_positives
        self.ranked = PointwiseLocalisation(len(classes))
        self.pointing = PointingAccuracy(len(classes), tolerance=18.0)
        self.present = torch.zeros(len(classes))

    def update(self, number: int, file_name: str, geometry: Geometry, scores: Tensor, maps: Tensor) -> None:
        """Take the highest cell of each class's map as its point."""
        if file_name not in self.boxes:
            return
        corners, labels = boxes_as_tensors(self.boxes[file_name], self.classes)
        found = [locate_point(class_map, geometry) for class_map in maps]
        points = torch.tensor([[(point.x, point.y) for point in found]])  # (1, C, 2)
        sizes = torch.tensor([[geometry.width, geometry.height]])
        for metric in (self.ranked, self.pointing):
            metric.update(
                points, scores[None], [corners], [labels], sizes=sizes, index=torch.tensor([number])
            )
        self.present[labels.unique()] += 1

    def result(self) -> dict[str, Any]:
        """Return ``pointwise`` (mean over classes), its classes, and ``pointing_accuracy``."""
        precision = self.ranked.compute()
        return {
            "pointwise": float(class_mean(precision[self.present >= self.min_positives])),
            "pointwise_per_class": dict(zip(self.classes, precision.tolist(), strict=True)),
            "pointing_accuracy": float(self.pointing.compute()),
        }


def boxes_as_tensors(boxes: Sequence[Box], classes: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return corners ``(B, 4)``, xyxy, and class numbers ``(B,)`` of the boxes of ``classes``."""
    column = {name: number for number, name in enumerate(classes)}
    kept = [box for box in boxes if box.label in column and not box.difficult]
    corners = torch.tensor([(box.x1, box.y1, box.x2, box.y2) for box in kept], dtype=torch.float32)
    return corners.reshape(-1, 4), torch.tensor([column[box.label] for box in kept], dtype=torch.long)
