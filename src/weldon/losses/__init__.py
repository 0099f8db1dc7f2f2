"""Class scores ``(N, C)`` and targets in, the number to minimise out."""

from weldon.losses.ap.full_set import FullSetAPLoss
from weldon.losses.ap.inference import RankingInference, average_precision_inference
from weldon.losses.ap.lapsvm import LAPSVMLoss, best_regions, lapsvm_loss
from weldon.losses.ap.loss import APLoss, ap_loss
from weldon.losses.log_loss import LogisticLoss, SoftmaxLoss, logistic_loss, softmax_loss
from weldon.losses.structured_hinge import StructuredHingeLoss, structured_hinge, structured_hinge_loss

__all__ = [
    "APLoss",
    "FullSetAPLoss",
    "LAPSVMLoss",
    "LogisticLoss",
    "RankingInference",
    "SoftmaxLoss",
    "StructuredHingeLoss",
    "ap_loss",
    "average_precision_inference",
    "best_regions",
    "lapsvm_loss",
    "logistic_loss",
    "softmax_loss",
    "structured_hinge",
    "structured_hinge_loss",
]
