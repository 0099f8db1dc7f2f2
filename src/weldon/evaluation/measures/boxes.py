"""Measure whether boxes cut from maps meet the true ones (MaxBoxAccV2); tuning images choose thresholds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from weldon.data import Box, Geometry
from weldon.errors import DataError, UsageError
from weldon.evaluation.measured_truth import Boxes
from weldon.evaluation.measures.measure import Figures, ImageMaps, MeasureKind
from weldon.evaluation.measures.points import boxes_as_tensors
from weldon.evaluation.tuning_images import read_tuned, write_tuned
from weldon.inference.localise import locate_boxes
from weldon.metrics import IOU_LEVELS, best_overlaps, box_accuracy, tune_box_thresholds
from weldon.runs.tuned_files import Localisation

if TYPE_CHECKING:
    from weldon.evaluation.evaluate import EvaluationContext

THRESHOLDS = tuple(number / 40 for number in range(1, 40))  # shares of a map's range that are tried


@dataclass(frozen=True)
class BoxThresholds:
    """At which share of a map's range boxes are cut.

    Args:
        levels: the threshold for each of ``IOU_LEVELS``, as the tables of weakly supervised localisation have
            it.
        shared: the one for all levels, which predictions use.
    """

    levels: tuple[float, ...]
    shared: float

    def to_json(self) -> dict[str, Any]:
        """Return the content of a run's ``localisation.json``."""
        return {"box_threshold": self.shared, "iou_levels": list(IOU_LEVELS), "thresholds": list(self.levels)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> BoxThresholds:
        """Return what :meth:`to_json` gave."""
        return cls(tuple(stored["thresholds"]), stored["box_threshold"])


class BoxOverlapMeasure:
    """The best IoU of each pair (image, class with a box) at each threshold.

    Boxes are cut where ``weldon predict`` cuts them. The class is given, its score plays no part; as in the
    field's protocol a part counts whatever its values are, while predictions need one above 0.

    Args:
        boxes: true boxes by file name; an image without an entry is left out.
        classes: C names; boxes of other classes are left out.
        thresholds: T shares of a map's range.
    """

    def __init__(
        self, boxes: Mapping[str, Sequence[Box]], classes: Sequence[str], thresholds: Sequence[float]
    ) -> None:
        self.boxes, self.classes, self.thresholds = boxes, tuple(classes), tuple(thresholds)
        self.rows: dict[str, list[Tensor]] = defaultdict(list)  # class -> (T,) of each image

    def update(self, answer: ImageMaps) -> None:
        """Cut the map of every class that has a box in the image."""
        if answer.record.file_name not in self.boxes:
            return
        corners, labels = boxes_as_tensors(self.boxes[answer.record.file_name], self.classes)
        for column in sorted(set(labels.tolist())):
            cut = cut_map(answer.maps[column], answer.geometry, self.thresholds)
            self.rows[self.classes[column]].append(best_overlaps(cut, corners[labels == column]))

    @property
    def overlaps(self) -> Tensor:
        """``(P, T)``, class after class."""
        return torch.cat([self.of_class(name) for name in self.classes])

    def of_class(self, name: str) -> Tensor:
        """Return the rows of one class, ``(p, T)``."""
        rows = self.rows.get(name, [])
        return torch.stack(rows) if rows else torch.zeros(0, len(self.thresholds))


def cut_map(class_map: Tensor, geometry: Geometry, thresholds: Sequence[float]) -> list[Tensor]:
    """Return the corners ``(B, 4)`` of the boxes at each threshold."""
    found = [locate_boxes(class_map, geometry, label="", threshold=share) for share in thresholds]
    return [torch.tensor([(b.x1, b.y1, b.x2, b.y2) for b in boxes]).reshape(-1, 4) for boxes in found]


def choose_thresholds(measure: BoxOverlapMeasure) -> BoxThresholds:
    """Return the best thresholds on tuning images.

    Raises:
        UsageError: none of them has a box.
    """
    overlaps = measure.overlaps
    if not len(overlaps):
        raise UsageError("tune_on must name images with boxes of the run's classes, got none")
    levels, shared = (tune_box_thresholds(overlaps, shared=one).tolist() for one in (False, True))
    return BoxThresholds(
        tuple(measure.thresholds[number] for number in levels), measure.thresholds[shared[0]]
    )


class BoxMeasure:
    """MaxBoxAccV2 at thresholds that were chosen on other images.

    Args:
        boxes: true boxes by file name; an image without an entry is left out.
        classes: C names; boxes of other classes are left out.
        chosen: the thresholds.
    """

    def __init__(
        self, boxes: Mapping[str, Sequence[Box]], classes: Sequence[str], chosen: BoxThresholds
    ) -> None:
        self.chosen = chosen
        self.cut = BoxOverlapMeasure(boxes, classes, sorted({*chosen.levels, chosen.shared}))

    def update(self, answer: ImageMaps) -> None:
        """Cut the map of every class that has a box in the image."""
        self.cut.update(answer)

    def figures(self) -> Figures:
        """Return ``maxboxacc``, its part at each IoU level, and the same at the one shared threshold."""
        overlaps = self.cut.overlaps
        levels = self._accuracy(overlaps, self.chosen.levels)
        shared = self._accuracy(overlaps, (self.chosen.shared,) * len(IOU_LEVELS))
        overall = {
            "maxboxacc": float(levels.mean()),
            "maxboxacc_levels": _by_level(levels.tolist()),
            "maxboxacc_one_threshold": float(shared.mean()),
            "box_accuracy_one_threshold": _by_level(shared.tolist()),
            "box_thresholds": _by_level(self.chosen.levels) | {"one": self.chosen.shared},
        }
        per_class = {
            name: {"maxboxacc": float(self._accuracy(self.cut.of_class(name), self.chosen.levels).mean())}
            for name in self.cut.classes
        }
        return Figures(overall, per_class)

    def _accuracy(self, overlaps: Tensor, thresholds: Sequence[float]) -> Tensor:
        columns = torch.tensor([self.cut.thresholds.index(share) for share in thresholds])
        return box_accuracy(overlaps, columns)


def _by_level(values: Sequence[float]) -> dict[str, float]:
    return {str(level): value for level, value in zip(IOU_LEVELS, values, strict=True)}


def _build(context: EvaluationContext) -> BoxMeasure | None:
    """Return the measure where other images have chosen thresholds, now or earlier."""
    boxes = context.truth.boxes
    if boxes is None:
        return None
    chosen = _stored(context) if context.images.tune_on is None else _tuned(context, boxes)
    return None if chosen is None else BoxMeasure(boxes, context.classes, chosen)


def _stored(context: EvaluationContext) -> BoxThresholds | None:
    path = context.run.localisation
    stored = read_tuned(Localisation, path, context.images)
    if stored is None:
        return None
    if len(stored.get("thresholds") or ()) != len(IOU_LEVELS):
        raise DataError(f"{path} must hold {len(IOU_LEVELS)} thresholds: choose them anew with --tune-on")
    return BoxThresholds.from_json(stored)


def _tuned(context: EvaluationContext, boxes: Boxes) -> BoxThresholds | None:
    """Choose on the tuning images, and keep it in the run."""
    if not any(record.file_name in boxes for record in context.images.tuning):
        return None  # they were named for their masks
    overlaps = BoxOverlapMeasure(boxes, context.classes, THRESHOLDS)
    for answer in context.scorer.score(context.images.tuning, task="tuning boxes"):
        overlaps.update(answer)
    chosen = choose_thresholds(overlaps)
    write_tuned(context.run.localisation, chosen.to_json(), context.images)
    return chosen


MEASURE = MeasureKind(_build, columns={"maxboxacc": "MaxBoxAcc"}, recipe_figures={"maxboxacc": {}})
