"""Class scores ``(N, C)`` and targets in, the number to minimise out."""

from weldon.losses.log_loss import LogisticLoss, SoftmaxLoss, logistic_loss, softmax_loss
from weldon.losses.structured_hinge import StructuredHingeLoss, structured_hinge, structured_hinge_loss

__all__ = [
    "LogisticLoss",
    "SoftmaxLoss",
    "StructuredHingeLoss",
    "logistic_loss",
    "softmax_loss",
    "structured_hinge",
    "structured_hinge_loss",
]
