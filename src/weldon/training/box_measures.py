"""The measures of points and boxes, the thresholds of boxes chosen on declared images."""

from __future__ import annotations

from weldon.errors import DataError
from weldon.inference.stored import Localisation
from weldon.metrics.boxes import IOU_LEVELS
from weldon.training.declared import read_declared, write_declared
from weldon.training.examination import Examination
from weldon.training.measures import BoxMeasure, BoxOverlapMeasure, BoxThresholds, Measure, PointMeasure
from weldon.training.measures.boxes import THRESHOLDS, choose_thresholds
from weldon.training.truth import Boxes


def box_measures(examined: Examination, boxes: Boxes) -> list[Measure]:
    """Return what measures points and, where other images have chosen thresholds, boxes.

    Args:
        examined: the run and its images.
        boxes: true boxes by file name.
    """
    points = PointMeasure(boxes, examined.classes, min_positives=examined.min_positives)
    chosen = _stored(examined) if examined.tune_on is None else _tuned(examined, boxes)
    return [points] if chosen is None else [points, BoxMeasure(boxes, examined.classes, chosen)]


def _stored(examined: Examination) -> BoxThresholds | None:
    stored = read_declared(Localisation, examined.run.localisation, examined.images)
    if stored is None:
        return None
    if len(stored.get("thresholds") or ()) != len(IOU_LEVELS):
        path = examined.run.localisation
        raise DataError(f"{path} must hold {len(IOU_LEVELS)} thresholds: choose them anew with --tune-on")
    return BoxThresholds.from_json(stored)


def _tuned(examined: Examination, boxes: Boxes) -> BoxThresholds | None:
    """Choose on the declared images, and keep it in the run."""
    if not any(record.file_name in boxes for record in examined.images.tuning):
        return None  # they were declared for their masks
    overlaps = BoxOverlapMeasure(boxes, examined.classes, THRESHOLDS)
    for answer in examined.answers.to(examined.images.tuning, task="declared boxes"):
        overlaps.update(answer)
    chosen = choose_thresholds(overlaps)
    write_declared(examined.run.localisation, chosen.to_json(), examined.images, source=str(examined.tune_on))
    return chosen
