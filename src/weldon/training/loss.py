"""The loss of a recipe, ready to train with."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from weldon.data import Record
from weldon.errors import UsageError
from weldon.losses import LOSSES, TrainingLoss
from weldon.losses.registry import USUAL, build_loss, tasks_of
from weldon.runs.recipe import Recipe

SAID = {"multilabel": "several labels an image", "multiclass": "one label an image"}


def build_objective(recipe: Recipe, task: str, target: Tensor, known: Tensor) -> TrainingLoss:
    """Return the training loss.

    Args:
        recipe: its ``loss`` chooses; ``auto`` is logistic for several labels and softmax for one.
        task: ``multilabel`` or ``multiclass``.
        target: ``(N, C)`` labels of the whole training set, for the class balance.
        known: ``(N, C)`` bool.

    Raises:
        UsageError: a loss that does not go with the task.
    """
    name = USUAL[task] if recipe.loss == "auto" else recipe.loss
    if task not in tasks_of(name):
        needed = " or ".join(SAID[one] for one in tasks_of(name))
        others = " or ".join(other for other in LOSSES if task in tasks_of(other))
        raise UsageError(f"loss {name!r} needs {needed}; this data is {task}: use {others}")
    objective = build_loss(name, recipe.loss_options)
    objective.begin(target, known)
    return objective


def refuse_weights(records: Sequence[Record], loss: str) -> None:
    """Refuse weights of images for a loss that has no factor for one of them.

    Raises:
        UsageError: an image whose weight is not 1.
    """
    weighted = [record.file_name for record in records if record.weight != 1]
    if weighted:
        raise UsageError(
            f"loss {loss!r} has no weight for an image, got weights for {len(weighted)} images, "
            f"{weighted[0]} for one: remove the column weight, or use --loss logistic"
        )
