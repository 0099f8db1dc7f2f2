"""The measures of points and boxes, the thresholds of boxes chosen on declared images."""

from __future__ import annotations

from weldon.errors import DataError
from weldon.evaluation.context import EvaluationContext
from weldon.evaluation.measured_truth import Boxes
from weldon.evaluation.measures import BoxMeasure, BoxOverlapMeasure, BoxThresholds, Measure, PointMeasure
from weldon.evaluation.measures.boxes import THRESHOLDS, choose_thresholds
from weldon.evaluation.tuning_images import read_declared, write_declared
from weldon.metrics.boxes import IOU_LEVELS
from weldon.runs.stored import Localisation


def box_measures(context: EvaluationContext, boxes: Boxes) -> list[Measure]:
    """Return what measures points and, where other images have chosen thresholds, boxes.

    Args:
        context: the run and its images.
        boxes: true boxes by file name.
    """
    points = PointMeasure(boxes, context.classes, min_positives=context.min_positives)
    chosen = _stored(context) if context.tune_on is None else _tuned(context, boxes)
    return [points] if chosen is None else [points, BoxMeasure(boxes, context.classes, chosen)]


def _stored(context: EvaluationContext) -> BoxThresholds | None:
    stored = read_declared(Localisation, context.run.localisation, context.images)
    if stored is None:
        return None
    if len(stored.get("thresholds") or ()) != len(IOU_LEVELS):
        path = context.run.localisation
        raise DataError(f"{path} must hold {len(IOU_LEVELS)} thresholds: choose them anew with --tune-on")
    return BoxThresholds.from_json(stored)


def _tuned(context: EvaluationContext, boxes: Boxes) -> BoxThresholds | None:
    """Choose on the declared images, and keep it in the run."""
    if not any(record.file_name in boxes for record in context.images.tuning):
        return None  # they were declared for their masks
    overlaps = BoxOverlapMeasure(boxes, context.classes, THRESHOLDS)
    for answer in context.scorer.score(context.images.tuning, task="declared boxes"):
        overlaps.update(answer)
    chosen = choose_thresholds(overlaps)
    write_declared(context.run.localisation, chosen.to_json(), context.images, source=str(context.tune_on))
    return chosen
