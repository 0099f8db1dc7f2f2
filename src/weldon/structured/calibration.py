"""The temperature at which scores become probabilities: one number, chosen by log loss."""

from __future__ import annotations

import math

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from weldon.structured.spaces import OutputSpace

_SPREAD = (1e-3, 1e3)  # smallest and largest temperature, times the spread of the scores


def calibrate_beta(space: OutputSpace, scores: Tensor, target: Tensor, weight: Tensor | None = None) -> float:
    r"""Find the temperature of least log loss.

    .. math:: P(y|x) \propto \exp(\beta s(x, y)), \qquad \beta = \arg\min_\beta -\sum_i \log P(y_i | x_i)

    Paper: section 3.5, with one temperature for all answers. The log loss is convex in it. Scores that
    separate the truth everywhere want an infinite one and get a large one.

    Args:
        space: the answers.
        scores: ``(N, C)`` float, pooled scores.
        target: N targets as the space wants them.
        weight: ``(N,)`` float; None counts each example once.

    Example:
        >>> from weldon.structured.spaces import Binary
        >>> scores, truth = torch.ones(4, 1), torch.tensor([1, 1, 1, 0])
        >>> round(calibrate_beta(Binary(), scores, truth), 2)  # three in four: the log of 3
        1.1
    """
    spread = float(scores.square().mean().sqrt())
    if not spread > 0:
        return 1.0
    counted = torch.ones(len(scores), dtype=scores.dtype) if weight is None else weight

    def log_loss(log_beta: float) -> float:
        return float(space.log_loss(scores, target, counted, beta=math.exp(log_beta)))

    low, high = (math.log(limit / spread) for limit in _SPREAD)
    found = minimize_scalar(log_loss, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    return math.exp(float(found.x))
