"""From one loss per image or cell to the number that is minimised, and the refusals all losses share."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from weldon.errors import UsageError

Reduction = Literal["mean", "sum", "none"]


def reduce_losses(
    losses: Tensor, importance: Tensor | None = None, *, reduction: Reduction = "mean"
) -> Tensor:
    """Weigh the losses and take their mean, their sum, or nothing further.

    The mean is the weighted one: it divides by the sum of the importance, so that what has importance 0
    (an unknown cell) does not dilute the rest. A batch in which nothing counts has loss 0.

    Args:
        losses: any shape, float.
        importance: the same shape, at least 0; None means all count alike.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Raises:
        UsageError: another reduction.

    Example:
        >>> reduce_losses(torch.tensor([1.0, 4.0]), torch.tensor([3.0, 1.0]))  # (3 + 4) / 4
        tensor(1.7500)
    """
    if reduction not in ("mean", "sum", "none"):
        raise UsageError(f"`reduction` must be 'mean', 'sum' or 'none', got {reduction!r}")
    importance = None if importance is None else importance.to(losses.dtype)
    weighed = losses if importance is None else losses * importance
    if reduction == "none":
        return weighed
    if reduction == "sum":
        return weighed.sum()
    if importance is None:
        return weighed.sum() / max(losses.numel(), 1)
    total = importance.sum()
    return weighed.sum() / (total + (total == 0))  # nothing that counts: 0 / 1


def wide_scores(scores: Tensor) -> Tensor:
    """Class scores ``(N, C)`` in float32 or wider, in which every loss is computed.

    Raises:
        UsageError: scores that are no ``(N, C)`` floating point tensor with at least one class.
    """
    if not scores.is_floating_point() or scores.ndim != 2 or scores.shape[1] == 0:
        raise UsageError(f"`scores` must be (N, C) floating point, got {scores.dtype} {tuple(scores.shape)}")
    return scores.to(torch.promote_types(scores.dtype, torch.float32))


def check_class_target(scores: Tensor, target: Tensor) -> None:
    """Refuse a target that is not one class index for each image.

    Raises:
        UsageError: another shape or dtype, or an index that is no class of ``scores``.
    """
    if target.dtype != torch.long or target.shape != scores.shape[:1]:
        raise UsageError(
            f"`target` must be (N,) = ({scores.shape[0]},) int64, one class index for each image, "
            f"got {target.dtype} {tuple(target.shape)}"
        )
    if values_can_be_read() and ((target < 0) | (target >= scores.shape[1])).any():
        raise UsageError(
            f"`target` must hold class indices from 0 to {scores.shape[1] - 1}, "
            f"got {target.min().item()} to {target.max().item()}"
        )


def check_image_weight(weight: Tensor | None, scores: Tensor) -> None:
    """Refuse weights that are not one number, at least 0, for each image.

    Raises:
        UsageError: another shape, or a weight that is negative or NaN.
    """
    if weight is None:
        return
    if weight.shape != scores.shape[:1]:
        raise UsageError(f"`weight` must be (N,) = ({scores.shape[0]},), got shape {tuple(weight.shape)}")
    if values_can_be_read() and not (weight >= 0).all():
        raise UsageError(f"`weight` must be at least 0 for every image, got {weight.min().item()}")


def values_can_be_read() -> bool:
    """Whether a check may look at values; a compiled or exported graph cannot branch on them."""
    return not (torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export())
