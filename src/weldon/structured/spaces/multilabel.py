"""Any number of labels at once: a loss that is a sum over labels, each of them present, absent or unknown."""

from __future__ import annotations

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.structured.spaces.space import OutputSpace, weighted_mean


class MultiLabel(OutputSpace):
    r"""Sets of labels, a score each; what an answer costs is what each of its wrong labels costs.

    .. math:: \Delta(y^*, y) = \sum_{c \text{ known}} \Delta_c, \qquad
              s(x, y) = \tfrac12 \sum_{c} \pm s_c(x)

    so that loss-augmented inference decides label by label and is exact. Targets are ``(N, C)`` float: 1
    present, 0 absent, NaN unknown (it costs nothing, whatever the answer); outputs are ``(N, C)`` int64.

    Args:
        miss: cost of not naming a label that is present.
        false_alarm: cost of naming one that is absent.

    Raises:
        UsageError: a cost that is not above 0.

    Example:
        >>> space, scores = MultiLabel(), torch.tensor([[0.25, -3.0, 9.0]])
        >>> space.loss(scores, torch.tensor([[1.0, 0.0, torch.nan]]))  # 1 - 0.25, and 0, and unknown
        tensor(0.7500)
        >>> space.decode(scores)
        tensor([[1, 0, 1]])
    """

    def __init__(self, *, miss: float = 1.0, false_alarm: float = 1.0) -> None:
        for name, cost in (("miss", miss), ("false_alarm", false_alarm)):
            if not cost > 0:
                raise UsageError(f"`{name}` must be a number above 0, got {cost!r}")
        self.miss = miss
        self.false_alarm = false_alarm

    def num_scores(self, num_classes: int) -> int:
        """One for each label."""
        return num_classes

    def delta(self, target: Tensor, output: Tensor) -> Tensor:
        """Cost of the known labels that are wrong: ``(N,)``."""
        return torch.where(output == target, 0.0, self._cost(target)).sum(dim=1)

    def decode(self, scores: Tensor) -> Tensor:
        """Labels whose score is above 0: ``(N, C)``."""
        return (scores > 0).long()

    def loss_augmented_inference(self, scores: Tensor, target: Tensor) -> Tensor:
        """Every label wrong where its cost is more than its margin: ``(N, C)``."""
        wrong = self._cost(target) - _sign(target) * scores > 0
        return torch.where(torch.isnan(target), scores > 0, (target == 1) ^ wrong).long()

    def loss(self, scores: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Sum over labels of ``max(0, cost - margin)``, mean over examples (Eq. 6)."""
        hinge = torch.relu(self._cost(target).to(scores) - _sign(target).to(scores) * scores)
        return weighted_mean(hinge.sum(dim=1), weight)

    def wanted(self, target: Tensor, num_scores: int) -> Tensor:
        """The labels that are present."""
        return target == 1

    def probabilities(self, scores: Tensor, *, beta: float) -> Tensor:
        """Logistic of each score by itself: ``(N, C)``."""
        return torch.sigmoid(beta * scores)

    def log_loss(self, scores: Tensor, target: Tensor, weight: Tensor, *, beta: float) -> Tensor:
        """Mean over examples of the sum over known labels."""
        known = ~torch.isnan(target)
        losses = torch.nn.functional.softplus(-beta * _sign(target).to(scores) * scores)
        return weighted_mean(torch.where(known, losses, 0.0).sum(dim=1), weight)

    def _cost(self, target: Tensor) -> Tensor:
        """Cost of the wrong answer for each label, 0 where it is unknown."""
        cost = torch.where(target == 1, self.miss, self.false_alarm)
        return cost.masked_fill(torch.isnan(target), 0.0)


def _sign(target: Tensor) -> Tensor:
    """+1 present, -1 absent, 0 unknown."""
    return torch.nan_to_num(2 * target - 1, nan=0.0)
