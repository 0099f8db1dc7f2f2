"""The structured hinge of any task loss: an answer must score below the truth by what it would cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn

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

TaskLoss: TypeAlias = Tensor | Callable[[Tensor, Tensor], Tensor] | None


def structured_hinge_loss(
    scores: Tensor,
    target: Tensor,
    *,
    task_loss: TaskLoss = None,
    weight: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Margin-rescaled hinge over classes, an upper bound of the task loss of the predicted class.

    .. math:: \ell = \max_y \left[ \Delta(y^*, y) + s(y) \right] - s(y^*) \;\ge\; \Delta(y^*, \hat y)

    Paper: Eq. 5 and 6. With the 0/1 loss this is the multi-class hinge of Crammer and Singer.

    Args:
        scores: ``(N, C)`` float, any real.
        target: ``(N,)`` int64, the class of each image.
        task_loss: what an answer costs: None for 0/1; a ``(C, C)`` matrix, row truth, column answer, at least
            0 with a zero diagonal (a class hierarchy, say); or a function of ``truth (N, 1)`` and
            ``answer (1, C)``, both int64, that gives ``(N, C)``.
        weight: ``(N,)`` float, at least 0, how much each image counts; None means all alike.
        reduction: ``"mean"`` (weighted), ``"sum"`` or ``"none"``, which gives ``(N,)``.

    Returns:
        A scalar or ``(N,)``, at least 0, float32 or wider.

    Raises:
        UsageError: shapes, dtypes or values that do not fit, or a task loss that is negative or charges the
            truth itself; values are not checked in a compiled graph.

    Example:
        >>> scores, truth = torch.tensor([[2.0, 1.5, 0.0]]), torch.tensor([0])
        >>> structured_hinge_loss(scores, truth)  # max(2, 1.5 + 1, 0 + 1) - 2
        tensor(0.5000)
        >>> structured_hinge_loss(scores, truth, task_loss=lambda truth, answer: 3 * (truth - answer).abs())
        tensor(4.)
    """
    wide = wide_scores(scores)
    check_class_target(scores, target)
    check_image_weight(weight, scores)
    cost = _cost(task_loss, target, scores.shape[1])  # (N, C)
    truth = wide.gather(1, target.unsqueeze(1)).squeeze(1)
    augmented = (wide + cost.to(wide.dtype)).max(dim=1).values
    return structured_hinge(truth, augmented, weight=weight, reduction=reduction)


def structured_hinge(
    truth: Tensor, augmented: Tensor, *, weight: Tensor | None = None, reduction: Reduction = "mean"
) -> Tensor:
    r"""Structured hinge of any output space, from a loss-augmented inference of your own.

    .. math:: \ell = \max_y \left[ \Delta(y^*, y) + s(y) \right] - s(y^*)

    Paper: Eq. 6.

    Args:
        truth: ``(N,)`` float, the score of each true answer.
        augmented: ``(N,)`` float, the score of each most violating answer plus what that answer costs, the
            maximum in brackets above; its gradient is that of the score.
        weight: ``(N,)`` float, at least 0, how much each example counts; None means all alike.
        reduction: ``"mean"`` (weighted), ``"sum"`` or ``"none"``.

    Raises:
        UsageError: shapes that differ.

    Example:
        >>> structured_hinge(torch.tensor([2.0]), torch.tensor([2.5]))
        tensor(0.5000)
    """
    if truth.shape != augmented.shape:
        raise UsageError(
            f"`augmented` must have the shape of `truth`, {tuple(truth.shape)}, got {tuple(augmented.shape)}"
        )
    return reduce_losses(augmented - truth, weight, reduction=reduction)


def _cost(task_loss: TaskLoss, target: Tensor, classes: int) -> Tensor:
    """What each answer costs each image: ``(N, C)``."""
    truth, answer = target.unsqueeze(1), torch.arange(classes, device=target.device).unsqueeze(0)
    if task_loss is None:
        return truth != answer
    if isinstance(task_loss, Tensor):
        if task_loss.shape != (classes, classes):
            raise UsageError(
                f"`task_loss` must be (C, C) = ({classes}, {classes}), got shape {tuple(task_loss.shape)}"
            )
        cost = task_loss[target]
    elif callable(task_loss):
        cost = task_loss(truth, answer)
        if cost.shape != (target.shape[0], classes):
            raise UsageError(
                f"`task_loss` must give (N, C) = ({target.shape[0]}, {classes}) from truth (N, 1) and answer "
                f"(1, C), got shape {tuple(cost.shape)}"
            )
    else:
        raise UsageError(f"`task_loss` must be None, a (C, C) tensor or a function, got {task_loss!r}")
    _check_cost(cost, truth)
    return cost


def _check_cost(cost: Tensor, truth: Tensor) -> None:
    if not values_can_be_read():
        return
    if not (cost >= 0).all():
        raise UsageError(f"`task_loss` must be at least 0 everywhere, got {cost.min().item()}")
    if (cost.gather(1, truth) != 0).any():
        raise UsageError(
            f"`task_loss` must be 0 where the answer is the truth, got {cost.gather(1, truth).max().item()}"
        )


class StructuredHingeLoss(nn.Module):
    """Module of :func:`structured_hinge_loss`; a matrix is a buffer and follows the module to its device."""

    def __init__(self, *, task_loss: TaskLoss = None, reduction: Reduction = "mean") -> None:
        super().__init__()
        self.reduction = reduction
        if isinstance(task_loss, Tensor):
            self.register_buffer("task_loss", task_loss)
        else:
            self.task_loss = task_loss

    def forward(self, scores: Tensor, target: Tensor, *, weight: Tensor | None = None) -> Tensor:
        """Apply :func:`structured_hinge_loss`."""
        return structured_hinge_loss(
            scores, target, task_loss=self.task_loss, weight=weight, reduction=self.reduction
        )


class HingeTraining(TrainingLoss):
    """Train with :func:`structured_hinge_loss`, a wrong class costing 1."""

    tasks = ("multiclass",)

    def __call__(self, scores: Tensor, batch: Batch) -> Tensor:
        """Return the loss of one batch."""
        return structured_hinge_loss(scores, batch["target"].argmax(1), weight=batch["weight"])
