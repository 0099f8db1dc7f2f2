"""What a loss says and does when a run trains with it: its tasks, its options, the loss of one batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from torch import Tensor

from weldon.losses.registry import TASKS

Batch = dict[str, Tensor]  # target (N, C), known (N, C) bool, weight (N,), index (N,), and what was scored
Objective = Callable[[Tensor, Batch], Tensor]


class TrainingLoss:
    """The loss of a training run: scores ``(N, C)`` and a batch to the number that is minimised.

    Options of a subclass are the keyword arguments of its ``__init__``, each with a default and a line under
    Args of the class; the flags of ``weldon train`` are read there (:mod:`weldon.class_options`).

    Attributes:
        tasks: what data it is for, ``multilabel`` (several labels an image) and ``multiclass`` (one).
        weighs_images: whether an image counts by its weight; weights are refused where it does not.
        whole_set: whether it ranks all training images before each epoch; the batches of an epoch are then
            one step.
    """

    tasks: ClassVar[tuple[str, ...]] = TASKS
    weighs_images: ClassVar[bool] = True
    whole_set: bool = False

    def __call__(self, scores: Tensor, batch: Batch) -> Tensor:
        """Return the loss of one batch, a scalar."""
        raise NotImplementedError

    def begin(self, target: Tensor, known: Tensor) -> None:
        """Look at the labels of the whole training set, both ``(N, C)``, before the first batch."""

    def rank_set(
        self, scores: Tensor, target: Tensor, known: Tensor, index: Tensor, *, batches: int
    ) -> Tensor:
        """Look at all training images before an epoch, and return their loss; asked where ``whole_set``.

        Args:
            scores: ``(N, C)``, without gradient.
            target: ``(N, C)``.
            known: ``(N, C)`` bool.
            index: ``(N,)``, by which a batch names its images.
            batches: of the epoch, over which the mean is taken.
        """
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """Return what it remembers from batch to batch, for the checkpoint."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Remember what a checkpoint holds."""
