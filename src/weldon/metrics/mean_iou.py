"""Measure mean IoU as VOC does: one confusion matrix over the whole set, void pixels left out.

Averaging a mean of each image, as some libraries do, is another number: it weighs a class by the images it is
in.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.metrics.class_mean import class_mean
from weldon.void import VOID


def confusion_matrix(
    prediction: Tensor, target: Tensor, num_classes: int, *, ignore_index: int = VOID
) -> Tensor:
    """Count pixels ``(C, C)`` long by true class (row) and predicted class (column).

    Args:
        prediction: whole numbers from 0 to C - 1, any shape.
        target: the same shape; ``ignore_index`` is left out.
        num_classes: C, background included.
        ignore_index: target value that counts nowhere.

    Raises:
        UsageError: shapes differ, or a value is no class.

    Example:
        >>> confusion_matrix(torch.tensor([0, 1, 1]), torch.tensor([0, 0, 255]), 2)
        tensor([[1, 1],
                [0, 0]])
    """
    if prediction.shape != target.shape:
        raise UsageError(
            f"prediction must be {tuple(target.shape)} like target, got {tuple(prediction.shape)}"
        )
    counted = target != ignore_index
    truth, guess = target[counted].long(), prediction[counted].long()
    for name, values in (("target", truth), ("prediction", guess)):
        strange = values[(values < 0) | (values >= num_classes)]
        if len(strange):
            raise UsageError(f"{name} must be from 0 to {num_classes - 1}, got {strange[0].item()}")
    cell = truth * num_classes + guess
    return cell.bincount(minlength=num_classes**2).reshape(num_classes, num_classes)


def class_iou(confusion: Tensor) -> Tensor:
    """Return each class's intersection over union ``(C,)``; NaN for a class in neither truth nor prediction.

    .. math:: IoU_c = TP_c / (TP_c + FP_c + FN_c)

    A class that is predicted but never true has IoU 0, which counts in the mean.

    Args:
        confusion: ``(C, C)`` long from :func:`confusion_matrix`, or the sum of several.

    Example:
        >>> class_iou(torch.tensor([[3, 1], [0, 2]]))  # 3 of 4 and 2 of 3
        tensor([0.7500, 0.6667])
    """
    right = confusion.diagonal()
    return right / (confusion.sum(0) + confusion.sum(1) - right)


def present_miou(confusion: Tensor) -> Tensor:
    """Return the mean of :func:`class_iou` over the classes in the truth; those only predicted do not count.

    Example:
        >>> present_miou(torch.tensor([[3, 1], [0, 0]]))   # class 1 is nowhere: 3 of 4 pixels of class 0
        tensor(0.7500)
    """
    return class_iou(confusion)[confusion.sum(1) > 0].mean()


def mean_iou(
    predictions: Sequence[Tensor] | Tensor,
    targets: Sequence[Tensor] | Tensor,
    num_classes: int,
    *,
    ignore_index: int = VOID,
) -> Tensor:
    """Return the mean of :func:`class_iou` over the classes in truth or prediction; warn of the others.

    Args:
        predictions: masks ``(H, W)`` of any sizes, whole numbers from 0 to C - 1.
        targets: masks of the same sizes; ``ignore_index`` is left out.
        num_classes: C, background included.
        ignore_index: target value that counts nowhere.

    Raises:
        UsageError: counts or shapes differ, or a value is no class.

    Example:
        >>> mean_iou(torch.tensor([[[0, 1], [1, 1]]]), torch.tensor([[[0, 0], [1, 255]]]), 2)
        tensor(0.5000)
    """
    if len(predictions) != len(targets):
        raise UsageError(f"predictions must be as many as targets ({len(targets)}), got {len(predictions)}")
    total = torch.zeros(num_classes, num_classes, dtype=torch.long)
    for prediction, target in zip(predictions, targets, strict=True):
        total += confusion_matrix(prediction, target, num_classes, ignore_index=ignore_index).cpu()
    return class_mean(class_iou(total))
