"""Every pooling again, as slow loops over python floats, one class of one image at a time."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor


def pool_each(scores: Tensor, mask: Tensor | None, one: Callable[[list[float]], float]) -> Tensor:
    """Apply ``one`` to the list of real region scores of every class of every image."""
    pooled = torch.empty(scores.shape[:2], dtype=torch.float64)
    for image in range(scores.shape[0]):
        for label in range(scores.shape[1]):
            pooled[image, label] = one(
                real_values(scores[image, label], None if mask is None else mask[image])
            )
    return pooled


def real_values(one_map: Tensor, one_mask: Tensor | None) -> list[float]:
    values = one_map.double().flatten().tolist()
    if one_mask is None:
        return values
    return [value for value, real in zip(values, one_mask.flatten().tolist(), strict=True) if real]


def average_channels(scores: Tensor, maps_per_class: int) -> Tensor:
    """Mean of each class's neighbouring maps, one map after the other."""
    classes = scores.shape[1] // maps_per_class
    averaged = torch.zeros(scores.shape[0], classes, *scores.shape[2:], dtype=torch.float64)
    for channel in range(scores.shape[1]):
        averaged[:, channel // maps_per_class] += scores[:, channel].double() / maps_per_class
    return averaged


def count(k: int | float | str, regions: int) -> int:
    """Count or share as a school child would round it: half up, at least one, at most all."""
    if k == "all":
        return regions
    if isinstance(k, int):
        return min(k, regions)
    return max(1, math.floor(round(k * regions, 9) + 0.5))


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def weldon(values: list[float], k_max=1, k_min=1, alpha=1.0) -> float:
    ordered = sorted(values)
    top = mean(ordered[len(values) - count(k_max, len(values)) :])
    if k_min == 0:
        return top
    return (top + alpha * mean(ordered[: count(k_min, len(values))])) / 2


def log_mean_exp(values: list[float], beta: float) -> float:
    if beta == 0:
        return mean(values)
    if math.isinf(beta):
        return max(values) if beta > 0 else min(values)
    shift = max(beta * value for value in values)
    return (shift + math.log(mean([math.exp(beta * value - shift) for value in values]))) / beta


def generalised(values: list[float], beta_max: float, beta_min: float) -> float:
    return log_mean_exp(values, beta_max) / 2 + log_mean_exp(values, beta_min) / 2


def gwrp(values: list[float], decay: float) -> float:
    ranked = sorted(values, reverse=True)
    weights = [decay**rank for rank in range(len(ranked))]
    return math.fsum(w * value for w, value in zip(weights, ranked, strict=True)) / math.fsum(weights)
