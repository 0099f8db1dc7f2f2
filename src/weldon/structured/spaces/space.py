"""What an output space is: what an answer costs, and which answer violates the margin most."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor


class OutputSpace(ABC):
    """The answers y to an input, judged by C pooled scores.

    Targets and outputs are tensors of the space's own making whose first dimension is N. To add a space whose
    answers can be listed, give two matrices to :class:`~weldon.structured.spaces.enumerated.Enumerated`; for
    any other write these methods.
    """

    @abstractmethod
    def num_scores(self, num_classes: int) -> int:
        """C, the number of scores that this many classes need."""

    @abstractmethod
    def delta(self, target: Tensor, output: Tensor) -> Tensor:
        r"""What the output costs each example, :math:`\Delta(y^*, y)`."""

    @abstractmethod
    def decode(self, scores: Tensor) -> Tensor:
        r"""Answer: :math:`\arg\max_y s(x, y)` of ``(N, C)`` scores (Eq. 4)."""

    @abstractmethod
    def loss_augmented_inference(self, scores: Tensor, target: Tensor) -> Tensor:
        r"""The most violating output: :math:`\arg\max_y \Delta(y^*, y) + s(x, y)`, exactly."""

    @abstractmethod
    def loss(self, scores: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        r"""The structured hinge (Eq. 6), a scalar: the mean over examples, weighted by ``weight (N,)``."""

    @abstractmethod
    def wanted(self, target: Tensor, num_scores: int) -> Tensor:
        """Which scores the truth asks to be high: ``(N, C)`` bool.

        True where the loss never rises with the score, False where it never falls: what the deterministic
        solver has to know to bound the loss by a convex one.
        """

    def probabilities(self, scores: Tensor, *, beta: float) -> Tensor:
        r"""Probability of each answer, :math:`P(y|x) \propto \exp(\beta s(x, y))`."""
        raise NotImplementedError(f"{type(self).__name__} has no probabilities")

    def log_loss(self, scores: Tensor, target: Tensor, weight: Tensor, *, beta: float) -> Tensor:
        """Mean negative log probability of the truth, for calibrating ``beta``."""
        raise NotImplementedError(f"{type(self).__name__} has no probabilities")

    def __repr__(self) -> str:
        options = ", ".join(
            f"{name}={value.tolist() if isinstance(value, Tensor) else value!r}"
            for name, value in vars(self).items()
        )
        return f"{type(self).__name__}({options})"


def weighted_mean(losses: Tensor, weight: Tensor | None) -> Tensor:
    """Mean of ``(N,)`` losses, each counted ``weight`` times."""
    if weight is None:
        return losses.mean()
    total = weight.sum()
    return (losses * weight).sum() / torch.where(total > 0, total, torch.ones_like(total))
