"""The AP loss from its definition, slowly: all rankings in exact rationals, or all pairs in float64 loops."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations_with_replacement, permutations

import numpy as np


def pair_factor(positives: int, negatives: int, *, normalize: bool, scale: float) -> Fraction:
    """The factor on the sum over pairs in the score of a ranking."""
    return Fraction(scale) / (positives * negatives if normalize else 1)


def average_precision(order: list[int]) -> Fraction:
    """Average precision of a list of labels, best first."""
    hits, total = 0, Fraction(0)
    for place, label in enumerate(order, start=1):
        hits += label
        total += Fraction(hits * label, place)
    return total / hits


def violation(ranking: list[int], scores: list[float], labels: list[int], factor: Fraction) -> Fraction:
    """Eq. 14 without its maximum: 1 - AP + s(y) - s(y*) of one ranking (indices, best first)."""
    place = {index: rank for rank, index in enumerate(ranking)}
    total = 1 - average_precision([labels[index] for index in ranking])
    for p in (i for i, label in enumerate(labels) if label):
        for n in (i for i, label in enumerate(labels) if not label):
            if place[n] < place[p]:  # y_pn is -1 where the true ranking has +1
                total -= 2 * factor * (Fraction(scores[p]) - Fraction(scores[n]))
    return total


def interleavings(scores: list[float], labels: list[int]) -> Iterator[list[int]]:
    """All rankings that keep the positives, and the negatives, in order of score."""
    positives, negatives = (
        sorted((i for i, label in enumerate(labels) if label == value), key=lambda i: -scores[i])
        for value in (1, 0)
    )
    for above in combinations_with_replacement(range(len(negatives) + 1), len(positives)):
        ranking: list[int] = []
        placed = 0
        for p, count in zip(positives, above, strict=True):
            ranking += [*negatives[placed:count], p]
            placed = count
        yield ranking + negatives[placed:]


def ap_loss_of_all_interleavings(
    scores: list[float], labels: list[int], *, normalize: bool = True, scale: float = 1.0
) -> Fraction:
    """Eq. 14, the maximum over all interleavings."""
    factor = pair_factor(sum(labels), len(labels) - sum(labels), normalize=normalize, scale=scale)
    return max(violation(ranking, scores, labels, factor) for ranking in interleavings(scores, labels))


def ap_loss_of_all_rankings(scores: list[float], labels: list[int]) -> Fraction:
    """Eq. 14, the maximum over all orders of the examples."""
    factor = pair_factor(sum(labels), len(labels) - sum(labels), normalize=True, scale=1.0)
    rankings = permutations(range(len(scores)))
    return max(violation(list(ranking), scores, labels, factor) for ranking in rankings)


def ap_loss_of_all_pairs(positives: np.ndarray, negatives: np.ndarray, *, chunk: int = 1 << 20) -> float:
    """Yue's rule in float64: place each negative alone, by the best tail of the positives."""
    s, t = (np.sort(part.astype(np.float64))[::-1] for part in (positives, negatives))
    P, N = len(s), len(t)
    k, total = np.arange(1.0, P + 1), 0.0
    for start in range(0, N, max(1, chunk // P)):
        part = t[start : start + max(1, chunk // P), None]  # (n, 1)
        j = np.arange(start + 1.0, start + len(part) + 1)[:, None]
        gain = k / (P * (k + j) * (k + j - 1)) + 2 * (part - s) / (P * N)  # (n, P)
        tails = np.cumsum(gain[:, ::-1], axis=1)
        total += np.maximum(tails.max(axis=1), 0).sum()
    return float(total)
