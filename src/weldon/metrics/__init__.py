"""How good: functions on tensors, and accumulators of the same words over batches and processes.

The accumulators are loaded when first asked for: they bring torchmetrics, and with it matplotlib.
What ``weldon val`` prints are the measures in ``weldon/evaluation/measures/``, which use these functions:
a new figure is a file there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from weldon.lazy import lazy_names
from weldon.metrics.accuracy import hit_at_one, per_class_accuracy, topk_accuracy
from weldon.metrics.average_precision import AP_METHODS, average_precision, mean_average_precision
from weldon.metrics.box_accuracy import (
    IOU_LEVELS,
    best_overlaps,
    box_accuracy,
    box_accuracy_curve,
    box_iou,
    max_box_accuracy,
    tune_box_thresholds,
)
from weldon.metrics.calibration_error import ReliabilityCurve, expected_calibration_error, reliability_curve
from weldon.metrics.class_mean import class_mean
from weldon.metrics.mean_iou import class_iou, confusion_matrix, mean_iou
from weldon.metrics.pixel_precision import normalise_map, pixel_average_precision
from weldon.metrics.pointwise import pointing_accuracy, pointwise_localisation
from weldon.metrics.precision_recall import (
    PrecisionRecallCurve,
    ThresholdReport,
    precision_recall_curve,
    precision_recall_f1,
)
from weldon.metrics.threshold import best_f1_threshold

if TYPE_CHECKING:
    from weldon.metrics.accumulators import (
        AveragePrecision,
        ConfusionMatrix,
        LabelRows,
        MeanIoU,
        PointingAccuracy,
        PointwiseLocalisation,
        TopKAccuracy,
    )

__getattr__, __dir__ = lazy_names(__name__)

__all__ = [
    "AP_METHODS",
    "IOU_LEVELS",
    "AveragePrecision",
    "ConfusionMatrix",
    "LabelRows",
    "MeanIoU",
    "PointingAccuracy",
    "PointwiseLocalisation",
    "PrecisionRecallCurve",
    "ReliabilityCurve",
    "ThresholdReport",
    "TopKAccuracy",
    "average_precision",
    "best_f1_threshold",
    "best_overlaps",
    "box_accuracy",
    "box_accuracy_curve",
    "box_iou",
    "class_iou",
    "class_mean",
    "confusion_matrix",
    "expected_calibration_error",
    "hit_at_one",
    "max_box_accuracy",
    "mean_average_precision",
    "mean_iou",
    "normalise_map",
    "per_class_accuracy",
    "pixel_average_precision",
    "pointing_accuracy",
    "pointwise_localisation",
    "precision_recall_curve",
    "precision_recall_f1",
    "reliability_curve",
    "topk_accuracy",
    "tune_box_thresholds",
]
