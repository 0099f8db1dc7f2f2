"""Rankings of the whole set by relevance, with average precision as the task loss."""

from __future__ import annotations

import torch
from torch import Tensor

from weldon.losses import ap_loss, average_precision_inference
from weldon.metrics import average_precision
from weldon.structured.spaces.space import OutputSpace


class Ranking(OutputSpace):
    r"""One ranking of all examples for each class, and :math:`\Delta_{ap} = 1 - AP`.

    Paper: Eq. 12 to 14. The N examples together are one input here: the loss of a mini-batch is the loss of
    ranking that batch. Targets are ``(N, C)`` float: 1 relevant, 0 not, NaN unknown (not ranked); outputs are
    ``(N, C)`` ranks, 0 the first.

    Args:
        scale: factor on the ranking score, as in :func:`weldon.losses.ap_loss`.

    Example:
        >>> space, truth = Ranking(), torch.tensor([[1.0], [0.0]])
        >>> scores = torch.tensor([[0.0], [0.25]])
        >>> space.decode(scores).T, space.delta(truth, space.decode(scores))
        (tensor([[1., 0.]]), tensor([0.5000]))
        >>> space.loss(scores, truth)  # 1/2 for the wrong order and a margin of 2 * 0.25
        tensor(1.)
    """

    def __init__(self, *, scale: float = 1.0) -> None:
        self.scale = scale

    def num_scores(self, num_classes: int) -> int:
        """One for each ranking."""
        return num_classes

    def delta(self, target: Tensor, output: Tensor) -> Tensor:
        """One less the average precision of each ranking: ``(C,)``, NaN without relevant examples."""
        return 1 - average_precision(-output, torch.nan_to_num(target), ~torch.isnan(target))

    def decode(self, scores: Tensor) -> Tensor:
        """Rank of each example, the highest score first: ``(N, C)``."""
        order = scores.argsort(dim=0, descending=True, stable=True)
        return order.argsort(dim=0).to(scores.dtype)

    def loss_augmented_inference(self, scores: Tensor, target: Tensor) -> Tensor:
        """Ranks in the most violating ranking: ``(N, C)``; examples tied in label and score share a rank."""
        known, relevant = ~torch.isnan(target), target == 1
        other = known & ~relevant
        pairs = relevant.sum(dim=0) * other.sum(dim=0)
        found = average_precision_inference(scores, torch.nan_to_num(target), known, scale=self.scale)
        moved = found.coefficients.to(scores.dtype) * pairs / (2 * self.scale)  # -a_k, or P - r_j
        above = torch.where(relevant, -moved, relevant.sum(dim=0) - moved)
        ranks = torch.where(relevant, _ranks_among(scores, relevant), _ranks_among(scores, other))
        return torch.where(known, ranks + above, torch.nan)

    def loss(self, scores: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Sum over classes of the AP loss (Eq. 14); those of weight 0 are not ranked, others count once."""
        known = ~torch.isnan(target)
        if weight is not None:
            known = known & (weight > 0).unsqueeze(1)
        return ap_loss(scores, torch.nan_to_num(target), known, scale=self.scale, reduction="sum")

    def wanted(self, target: Tensor, num_scores: int) -> Tensor:
        """The relevant examples."""
        return target == 1


def _ranks_among(scores: Tensor, chosen: Tensor) -> Tensor:
    """Rank of each score among the chosen ones of its column."""
    order = scores.masked_fill(~chosen, -torch.inf).argsort(dim=0, descending=True, stable=True)
    return order.argsort(dim=0).to(scores.dtype)
