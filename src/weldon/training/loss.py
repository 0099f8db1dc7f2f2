"""The loss of a recipe, as one function of scores and batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from weldon.data import Record
from weldon.errors import UsageError
from weldon.losses import APLoss, FullSetAPLoss, logistic_loss, softmax_loss, structured_hinge_loss
from weldon.runs.recipe import Recipe
from weldon.training.module import Batch, Objective, TrainingModule
from weldon.training.scoring import score_set


def ranking_objective(recipe: Recipe) -> Objective:
    """Return the ranking loss of a batch, or of the whole set; on max-pooled scores it is LAPSVM's.

    Raises:
        UsageError: options that the scope does not have.
    """
    if not recipe.ranks_whole_set:
        return BatchRanking(recipe)
    if recipe.ap_memory:
        raise UsageError("ap_memory is for --ap-scope batch; the set scope ranks every image already")
    return SetRanking(recipe)


def refuse_weights(records: Sequence[Record]) -> None:
    """Refuse weights of images: a ranking of images has no factor for one of them.

    Raises:
        UsageError: an image whose weight is not 1.
    """
    weighted = [record.file_name for record in records if record.weight != 1]
    if weighted:
        raise UsageError(
            f"loss 'ap' ranks images and has no weight for one, got weights for {len(weighted)} images, "
            f"{weighted[0]} for one: remove the column weight, or use --loss logistic"
        )


class BatchRanking:
    """Rank the images of a batch, of the joint batch across processes, and those remembered.

    Args:
        recipe: its ``ap_scale`` and ``ap_memory``.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.rank = APLoss(scale=recipe.ap_scale, memory=recipe.ap_memory)

    def __call__(self, scores: Tensor, batch: Batch) -> Tensor:
        """Return the loss of one batch."""
        loss: Tensor = self.rank(scores, batch["target"], batch["known"])
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Return the images remembered, for the checkpoint."""
        return self.rank.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Remember the images of a checkpoint."""
        self.rank.load_state_dict(state)


class SetRanking:
    """Rank all training images before each epoch; the epoch's batches add up to one exact step.

    The network stays in evaluation mode and augmentation follows from epoch and image alone, so that both
    passes see the same scores.

    Args:
        recipe: its ``ap_scale``.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.loss = FullSetAPLoss(scale=recipe.ap_scale)
        self.batches = 1

    def begin_epoch(self, module: TrainingModule) -> None:
        """Pass 1: score every training image and fix the coefficients."""
        loader: Any = module.trainer.train_dataloader
        scored = score_set(module.net, loader)
        value = self.loss.fix(scored.scores, scored.target, scored.known, index=scored.index)
        module.log("train/set_loss", value)
        self.batches = len(loader)

    def __call__(self, scores: Tensor, batch: Batch) -> Tensor:
        """Pass 2: the part of one batch, times the batches over which Lightning takes the mean."""
        part: Tensor = self.loss(scores, batch["index"])
        return part * self.batches


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
