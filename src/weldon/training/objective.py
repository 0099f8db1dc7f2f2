"""The loss of a recipe, as one function of scores and batch."""

from __future__ import annotations

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.losses import logistic_loss, softmax_loss, structured_hinge_loss
from weldon.training.module import Batch, Objective
from weldon.training.ranking import ranking_objective
from weldon.training.recipe import Recipe


def build_objective(recipe: Recipe, task: str, target: Tensor, known: Tensor) -> Objective:
    """Return the training loss.

    Args:
        recipe: its ``loss`` chooses; ``auto`` is logistic for several labels and softmax for one.
        task: ``multilabel`` or ``multiclass``.
        target: ``(N, C)`` labels of the whole training set, for the class balance.
        known: ``(N, C)`` bool.

    Raises:
        UsageError: a loss that does not go with the task.
    """
    name = recipe.loss if recipe.loss != "auto" else {"multilabel": "logistic", "multiclass": "softmax"}[task]
    if name in ("softmax", "hinge"):
        if task != "multiclass":
            raise UsageError(
                f"loss {name!r} needs one label an image; this data is {task}: use logistic or ap"
            )
        return _softmax if name == "softmax" else _hinge
    if name == "logistic":
        return _logistic(positive_weights(recipe.pos_weight, target, known))
    return ranking_objective(recipe)


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


def _logistic(pos_weight: Tensor | None) -> Objective:
    def loss(scores: Tensor, batch: Batch) -> Tensor:
        weight = None if pos_weight is None else pos_weight.to(scores.device)
        return logistic_loss(
            scores, batch["target"], batch["known"], pos_weight=weight, weight=batch["weight"]
        )

    return loss


def _softmax(scores: Tensor, batch: Batch) -> Tensor:
    return softmax_loss(scores, batch["target"].argmax(1), weight=batch["weight"])


def _hinge(scores: Tensor, batch: Batch) -> Tensor:
    return structured_hinge_loss(scores, batch["target"].argmax(1), weight=batch["weight"])
