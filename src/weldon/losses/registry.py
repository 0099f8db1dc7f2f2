"""Losses by name, the one list that flags, recipes and error messages read.

A loss is named by where it stands and loaded when a run trains with it: the list is read without torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from weldon.class_options import options_of, said_by
from weldon.lazy import LazyDict

if TYPE_CHECKING:
    from weldon.losses.training_loss import TrainingLoss

LOSSES = LazyDict(
    {
        "logistic": "weldon.losses.log_loss:LogisticTraining",
        "softmax": "weldon.losses.log_loss:SoftmaxTraining",
        "ap": "weldon.losses.ap.training:RankingTraining",
        "hinge": "weldon.losses.structured_hinge:HingeTraining",
    }
)
TASKS = ("multilabel", "multiclass")  # several labels an image, or one
USUAL = {"multilabel": "logistic", "multiclass": "softmax"}  # what ``auto`` means


def tasks_of(name: str) -> tuple[str, ...]:
    """Return what data a loss is for: ``multilabel``, ``multiclass`` or both."""
    tasks: tuple[str, ...] = said_by(LOSSES.data[name], "tasks", TASKS)
    return tasks


def build_loss(name: str, options: Mapping[str, object]) -> TrainingLoss:
    """Build the loss of a name from those of the options that it has.

    Raises:
        UsageError: options that cannot be used.

    Example:
        >>> build_loss("ap", {"ap_scope": "set", "pos_weight": "none"}).whole_set
        True
    """
    taken = [option.name for option in options_of(LOSSES.data[name])]
    built: TrainingLoss = LOSSES[name](**{key: options[key] for key in taken if key in options})
    return built
