"""Class scores ``(N, C)`` and targets in, the number to minimise out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weldon.lazy import lazy_names

if TYPE_CHECKING:
    from weldon.losses.ap.full_set import FullSetAPLoss
    from weldon.losses.ap.inference import RankingInference, average_precision_inference
    from weldon.losses.ap.lapsvm import LAPSVMLoss, best_regions, lapsvm_loss
    from weldon.losses.ap.loss import APLoss, ap_loss
    from weldon.losses.log_loss import LogisticLoss, SoftmaxLoss, logistic_loss, softmax_loss
    from weldon.losses.registry import LOSSES
    from weldon.losses.structured_hinge import StructuredHingeLoss, structured_hinge, structured_hinge_loss
    from weldon.losses.training_loss import Batch, Objective, TrainingLoss

__getattr__, __dir__ = lazy_names(__name__)

__all__ = [
    "LOSSES",
    "APLoss",
    "Batch",
    "FullSetAPLoss",
    "LAPSVMLoss",
    "LogisticLoss",
    "Objective",
    "RankingInference",
    "SoftmaxLoss",
    "StructuredHingeLoss",
    "TrainingLoss",
    "ap_loss",
    "average_precision_inference",
    "best_regions",
    "lapsvm_loss",
    "logistic_loss",
    "softmax_loss",
    "structured_hinge",
    "structured_hinge_loss",
]
