"""The structured model again, as loops over bags, classes and answers in float64."""

from __future__ import annotations

import itertools

import numpy as np


def pool_bag(values: list[float], rule: str, k: int = 1) -> float:
    """Score of one bag for one class from the scores of its instances."""
    ordered = sorted(values)
    if rule == "max":
        return ordered[-1]
    if rule == "avg":
        return sum(ordered) / len(ordered)
    k = min(k, len(ordered))
    return (sum(ordered[-k:]) / k + sum(ordered[:k]) / k) / 2


def bag_scores(bags: list[np.ndarray], weight: np.ndarray, rule: str, k: int = 1) -> np.ndarray:
    """``(N, C)`` by loops over bags, classes and instances."""
    rows = []
    for bag in bags:
        scores = [[float(np.dot(w, x)) for x in bag] for w in weight]
        rows.append([pool_bag(values, rule, k) for values in scores])
    return np.array(rows)


def multiclass_objective(
    bags: list[np.ndarray], labels: list[int], weight: np.ndarray, decay: float, rule: str, k: int = 1
) -> float:
    """Eq. 7 with the 0/1 loss."""
    total = 0.0
    for scores, label in zip(bag_scores(bags, weight, rule, k), labels, strict=True):
        total += max((c != label) + s - scores[label] for c, s in enumerate(scores))
    return decay / 2 * float((weight**2).sum()) + total / len(bags)


def rankings(count: int) -> list[tuple[int, ...]]:
    """Ranks of ``count`` examples in every ranking of them."""
    return list(itertools.permutations(range(count)))


def ranking_score(scores: np.ndarray, relevant: np.ndarray, ranks: tuple[int, ...]) -> float:
    """Eq. 12 over P·N."""
    pairs = [(p, n) for p in np.flatnonzero(relevant) for n in np.flatnonzero(~relevant)]
    total = sum((1 if ranks[p] < ranks[n] else -1) * (scores[p] - scores[n]) for p, n in pairs)
    return total / len(pairs)


def average_precision_of_ranks(relevant: np.ndarray, ranks: tuple[int, ...]) -> float:
    places = sorted(ranks[p] for p in np.flatnonzero(relevant))
    return sum((found + 1) / (place + 1) for found, place in enumerate(places)) / len(places)
