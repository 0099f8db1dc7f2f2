"""The loss of a recipe, ready to train with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

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


def other_losses(
    recipe: Recipe, task: str, records: Sequence[Record], target: Tensor, known: Tensor
) -> dict[str, Callable[[], TrainingLoss]]:
    """Return what else a search may try where the loss is left open, by name.

    That is the AP loss, the measure itself, where an image has several labels and no weight of its own. With
    few images it loses to the logistic loss, with many it gains: the search says which. Its scores are no log
    odds, so probabilities must be calibrated after training.

    Args:
        recipe: its ``loss`` is ``auto`` where it is left open.
        task: ``multilabel`` or ``multiclass``.
        records: the training images.
        target: ``(N, C)`` their labels.
        known: ``(N, C)`` bool.
    """
    left_open = recipe.loss == "auto" and not recipe.model_fields_set & set(recipe.loss_options)
    if (
        not left_open
        or not recipe.calibrate
        or task not in tasks_of("ap")
        or any(record.weight != 1 for record in records)
    ):
        return {}
    return {"ap": partial(build_objective, recipe.model_copy(update={"loss": "ap"}), task, target, known)}


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
