"""The losses again, as slow loops over python floats."""

from __future__ import annotations

import math

from torch import Tensor


def softmax(scores: Tensor, target: Tensor) -> list[float]:
    """One loss for each image."""
    losses = []
    for row, truth in zip(scores.tolist(), target.tolist(), strict=True):
        highest = max(row)
        total = math.fsum(math.exp(score - highest) for score in row)
        losses.append(math.log(total) + highest - row[truth])
    return losses


def logistic(scores: Tensor, target: Tensor, pos_weight: Tensor | None = None) -> list[list[float]]:
    """One loss for each image and class."""
    losses = []
    for row, truth in zip(scores.tolist(), target.tolist(), strict=True):
        factors = [1.0] * len(row) if pos_weight is None else pos_weight.tolist()
        cells = zip(row, truth, factors, strict=True)
        losses.append([f * t * softplus(-score) + (1 - t) * softplus(score) for score, t, f in cells])
    return losses


def softplus(score: float) -> float:
    return max(score, 0.0) + math.log1p(math.exp(-abs(score)))


def structured_hinge(scores: Tensor, target: Tensor, cost) -> list[float]:
    """One loss for each image; ``cost(truth, answer)`` on python ints."""
    losses = []
    for row, truth in zip(scores.tolist(), target.tolist(), strict=True):
        losses.append(max(cost(truth, answer) + score for answer, score in enumerate(row)) - row[truth])
    return losses


def weighted_mean(losses: list[float], weights: list[float]) -> float:
    products = [loss * weight for loss, weight in zip(losses, weights, strict=True)]
    return math.fsum(products) / math.fsum(weights)
