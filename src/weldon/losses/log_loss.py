"""Log losses: softmax for one class an image, logistic for any number of classes, unknown ones left out."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from weldon.class_options import ClassWeight
from weldon.errors import UsageError
from weldon.losses.reduction import (
    Reduction,
    check_class_target,
    check_image_weight,
    reduce_losses,
    values_can_be_read,
    wide_scores,
)
from weldon.losses.training_loss import Batch, TrainingLoss


def softmax_loss(
    scores: Tensor, target: Tensor, *, weight: Tensor | None = None, reduction: Reduction = "mean"
) -> Tensor:
    r"""Negative log probability of each image's class.

    .. math:: \ell = \log \sum_y e^{s(y)} - s(y^*)

    Paper: section 4, the multi-class loss.

    Args:
        scores: ``(N, C)`` float, any real.
        target: ``(N,)`` int64, the class of each image.
        weight: ``(N,)`` float, at least 0, how much each image counts; None means all alike.
        reduction: ``"mean"`` (weighted), ``"sum"`` or ``"none"``, which gives ``(N,)``.

    Returns:
        A scalar or ``(N,)``, float32 or wider.

    Raises:
        UsageError: shapes, dtypes or values that do not fit; values are not checked in a compiled graph.

    Example:
        >>> softmax_loss(torch.tensor([[0.0, 0.0, 0.0, 0.0]]), torch.tensor([2]))  # log 4
        tensor(1.3863)
    """
    wide = wide_scores(scores)
    check_class_target(scores, target)
    check_image_weight(weight, scores)
    return reduce_losses(cross_entropy(wide, target, reduction="none"), weight, reduction=reduction)


def logistic_loss(
    scores: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    pos_weight: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Negative log probability of the presence or absence of each class, over the known cells only.

    .. math:: \ell_c = w_c \, t_c \log(1 + e^{-s_c}) + (1 - t_c) \log(1 + e^{s_c})

    Paper: section 4, the multi-label loss, one logistic loss for each class.

    Args:
        scores: ``(N, C)`` float, any real.
        target: ``(N, C)``, any dtype; 1 where the class is present, 0 where it is absent. Values between are
            probabilities (smoothed or mixed labels). Unknown cells may hold anything.
        mask: ``(N, C)`` bool, True on known cells; None means all are known.
        pos_weight: ``(C,)`` float, at least 0, factor on the presence of each class (``w`` above).
        weight: ``(N,)`` float, at least 0, how much each image counts; None means all alike.
        reduction: ``"mean"`` over the known cells (weighted by ``weight``, not by ``pos_weight``), ``"sum"``,
            or ``"none"``, which gives ``(N, C)`` with 0 on unknown cells.

    Returns:
        A scalar or ``(N, C)``, float32 or wider. A batch without a known cell has loss 0.

    Raises:
        UsageError: shapes, dtypes or values that do not fit (among them a known target of -1); values are not
            checked in a compiled graph.

    Example:
        >>> known = torch.tensor([[True, True, False]])
        >>> logistic_loss(torch.zeros(1, 3), torch.tensor([[1.0, 0.0, -1.0]]), known)  # log 2
        tensor(0.6931)
    """
    wide = wide_scores(scores)
    _check_known(scores, target, mask)
    check_image_weight(weight, scores)
    _check_pos_weight(pos_weight, scores)
    present = target.to(wide.dtype)
    if mask is not None:
        wide, present = wide.masked_fill(~mask, 0.0), present.masked_fill(~mask, 0.0)
    factor = None if pos_weight is None else pos_weight.to(wide.dtype)
    losses = binary_cross_entropy_with_logits(wide, present, pos_weight=factor, reduction="none")
    return reduce_losses(losses, _importance(losses, mask, weight), reduction=reduction)


def _importance(losses: Tensor, mask: Tensor | None, weight: Tensor | None) -> Tensor | None:
    if mask is None and weight is None:
        return None
    known = torch.ones_like(losses) if mask is None else mask.to(losses.dtype)  # (N, C)
    return known if weight is None else known * weight.unsqueeze(1)


def _check_known(scores: Tensor, target: Tensor, mask: Tensor | None) -> None:
    if target.shape != scores.shape:
        raise UsageError(f"`target` must be (N, C) = {tuple(scores.shape)}, got shape {tuple(target.shape)}")
    if mask is not None and (mask.dtype != torch.bool or mask.shape != scores.shape):
        raise UsageError(
            f"`mask` must be (N, C) = {tuple(scores.shape)} bool, True on known cells, "
            f"got {mask.dtype} {tuple(mask.shape)}"
        )
    if not values_can_be_read():
        return
    outside = ~((target >= 0) & (target <= 1))
    wrong = outside if mask is None else outside & mask
    if wrong.any():
        row, column = wrong.nonzero()[0].tolist()
        raise UsageError(
            f"`target` must be 0 (absent) or 1 (present) on known cells, got {target[row, column].item()} "
            f"for image {row}, class {column}: mark unknown cells with `mask`"
        )


def _check_pos_weight(pos_weight: Tensor | None, scores: Tensor) -> None:
    if pos_weight is None:
        return
    if pos_weight.shape != scores.shape[1:]:
        raise UsageError(
            f"`pos_weight` must be (C,) = ({scores.shape[1]},), got shape {tuple(pos_weight.shape)}"
        )
    if values_can_be_read() and not (pos_weight >= 0).all():
        raise UsageError(f"`pos_weight` must be at least 0 for every class, got {pos_weight.min().item()}")


class SoftmaxLoss(nn.Module):
    """Module of :func:`softmax_loss`."""

    def __init__(self, *, reduction: Reduction = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, scores: Tensor, target: Tensor, *, weight: Tensor | None = None) -> Tensor:
        """Apply :func:`softmax_loss`."""
        return softmax_loss(scores, target, weight=weight, reduction=self.reduction)


class LogisticLoss(nn.Module):
    """Module of :func:`logistic_loss`; ``pos_weight`` is a buffer, so it follows the module to its device."""

    def __init__(self, *, pos_weight: Tensor | None = None, reduction: Reduction = "mean") -> None:
        super().__init__()
        self.register_buffer("pos_weight", pos_weight)
        self.reduction = reduction

    def forward(
        self, scores: Tensor, target: Tensor, mask: Tensor | None = None, *, weight: Tensor | None = None
    ) -> Tensor:
        """Apply :func:`logistic_loss`."""
        pos_weight = cast("Tensor | None", self.pos_weight)
        return logistic_loss(
            scores, target, mask, pos_weight=pos_weight, weight=weight, reduction=self.reduction
        )


class SoftmaxTraining(TrainingLoss):
    """Train with :func:`softmax_loss`."""

    tasks = ("multiclass",)

    def __call__(self, scores: Tensor, batch: Batch) -> Tensor:
        """Return the loss of one batch."""
        return softmax_loss(scores, batch["target"].argmax(1), weight=batch["weight"])


class LogisticTraining(TrainingLoss):
    """Train with :func:`logistic_loss`.

    Args:
        pos_weight: none, balanced (absent / present per class) or a number.
    """

    tasks = ("multilabel",)

    def __init__(self, *, pos_weight: ClassWeight = "none") -> None:
        self.choice = pos_weight
        self.pos_weight: Tensor | None = None

    def begin(self, target: Tensor, known: Tensor) -> None:
        """Weigh the present labels of each class, by how many there are where that is asked for."""
        self.pos_weight = positive_weights(self.choice, target, known)

    def __call__(self, scores: Tensor, batch: Batch) -> Tensor:
        """Return the loss of one batch."""
        weight = None if self.pos_weight is None else self.pos_weight.to(scores.device)
        return logistic_loss(
            scores, batch["target"], batch["known"], pos_weight=weight, weight=batch["weight"]
        )


def positive_weights(choice: str, target: Tensor, known: Tensor) -> Tensor | None:
    """Return the weight of a present label for each class ``(C,)``, or None.

    Args:
        choice: ``none``, ``balanced`` (known absent over known present) or a number for all classes.
        target: ``(N, C)`` labels.
        known: ``(N, C)`` bool.

    Raises:
        UsageError: ``choice`` is none of these.
    """
    if choice == "none":
        return None
    present = (target * known).sum(0)
    if choice == "balanced":
        return (known.sum(0) - present) / present.clamp(min=1)
    try:
        return torch.full_like(present, float(choice))
    except ValueError:
        raise UsageError(f"pos_weight must be none, balanced or a number, got {choice!r}") from None
