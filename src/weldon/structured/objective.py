"""Eq. 7 as a value: weight decay plus the mean structured hinge of a set of bags."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from weldon.structured.ragged import PackedBags, pool_bags
from weldon.structured.spaces import OutputSpace


@dataclass(frozen=True, eq=False)
class Problem:
    r"""What is minimised, apart from the scoring function.

    .. math:: P(w) = \frac\lambda2 \|w\|^2 + \frac1N \sum_i \ell_w(x_i, y_i)

    Paper: Eq. 7 with the loss of Eq. 6.

    Args:
        bags: the N bags.
        target: N targets, as the output space wants them.
        weight: ``(N,)`` float, how often each bag counts; None means once.
        space: the answers and their costs.
        pool: the latent rule.
        weight_decay: :math:`\lambda`.
    """

    bags: PackedBags
    target: Tensor
    weight: Tensor | None
    space: OutputSpace
    pool: nn.Module
    weight_decay: float

    def bag_scores(self, flat: Tensor) -> Tensor:
        """Pool scores of instances ``(T, C)``: ``(N, C)``."""
        return pool_bags(flat, self.bags.buckets, self.pool)

    def loss(self, flat: Tensor) -> Tensor:
        """Mean structured hinge of the bags whose instances score ``(T, C)``."""
        return self.space.loss(self.bag_scores(flat).double(), self.target, self.weight)

    def objective(self, flat: Tensor, parameters: Iterable[Tensor]) -> Tensor:
        """Eq. 7 of these scores and the parameters that gave them."""
        return self.loss(flat) + penalty(parameters, self.weight_decay)


def penalty(parameters: Iterable[Tensor], weight_decay: float) -> Tensor:
    r"""Weight decay, :math:`\frac\lambda2 \|w\|^2` over all parameters.

    Example:
        >>> penalty([torch.tensor([3.0, 4.0])], 0.1)
        tensor(1.2500)
    """
    return 0.5 * weight_decay * sum((p.square().sum() for p in parameters), torch.tensor(0.0))
