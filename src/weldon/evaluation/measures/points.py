"""Measure whether the best place of a class's map lies on an object: pointwise localisation and pointing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from weldon.data import Box
from weldon.evaluation.measures.measure import Figures, ImageMaps, MeasureKind, by_class
from weldon.inference.localise import locate_point
from weldon.metrics import PointingAccuracy, PointwiseLocalisation, class_mean

if TYPE_CHECKING:
    from weldon.evaluation.evaluate import EvaluationContext


class PointMeasure:
    """Pointwise localisation (section 6.4, Table 10) and plain pointing accuracy.

    Args:
        boxes: true boxes by file name; an image without an entry is left out. Where all boxes of a class are
            difficult its presence is unknown, and the image is left out of that class.
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

    def update(self, answer: ImageMaps) -> None:
        """Take the highest cell of each class's map as its point."""
        if answer.record.file_name not in self.boxes:
            return
        boxes = self.boxes[answer.record.file_name]
        corners, labels = boxes_as_tensors(boxes, self.classes)
        known = presence_known(boxes, self.classes)[None]  # (1, C)
        found = [locate_point(class_map, answer.geometry) for class_map in answer.maps]
        points = torch.tensor([[(point.x, point.y) for point in found]])  # (1, C, 2)
        sizes = torch.tensor([[answer.geometry.width, answer.geometry.height]])
        index = torch.tensor([answer.number])
        for metric in (self.ranked, self.pointing):
            metric.update(
                points, answer.scores[None], [corners], [labels], sizes=sizes, mask=known, index=index
            )
        self.present[sorted(set(labels.tolist()))] += 1

    def figures(self) -> Figures:
        """Return ``pointwise``, a mean over classes, and ``pointing_accuracy``."""
        precision = self.ranked.compute()
        overall = {
            "pointwise": float(class_mean(precision[self.present >= self.min_positives])),
            "pointing_accuracy": float(self.pointing.compute()),
        }
        return Figures(overall, by_class(self.classes, pointwise=precision))


def presence_known(boxes: Sequence[Box], classes: Sequence[str]) -> Tensor:
    """Return ``(C,)`` bool, False for a class all of whose boxes are marked difficult.

    Example:
        >>> presence_known([Box("cat", 0, 0, 1, 1, difficult=True)], ["cat", "dog"])
        tensor([False,  True])
    """
    plain = {box.label for box in boxes if not box.difficult}
    doubtful = {box.label for box in boxes} - plain
    return torch.tensor([name not in doubtful for name in classes])


def boxes_as_tensors(boxes: Sequence[Box], classes: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return corners ``(B, 4)``, xyxy, and class numbers ``(B,)`` of the boxes of ``classes``.

    Boxes marked difficult are left out.
    """
    column = {name: number for number, name in enumerate(classes)}
    kept = [box for box in boxes if box.label in column and not box.difficult]
    corners = torch.tensor([(box.x1, box.y1, box.x2, box.y2) for box in kept], dtype=torch.float32)
    return corners.reshape(-1, 4), torch.tensor([column[box.label] for box in kept], dtype=torch.long)


def _build(context: EvaluationContext) -> PointMeasure | None:
    boxes = context.truth.boxes
    if boxes is None:
        return None
    return PointMeasure(boxes, context.classes, min_positives=context.options.min_positives)


MEASURE = MeasureKind(
    _build,
    columns={"pointwise": "pointwise"},
    recipe_figures={"pointwise": {}, "pointing_accuracy": {}},
)
