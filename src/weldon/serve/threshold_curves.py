"""Precision and recall of each class along its threshold, from the scores of the run's validation images."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Any

import torch
from torch import Tensor

from weldon.metrics.precision_recall import judge_choice

STEPS = 100


@dataclass(frozen=True, slots=True)
class Curve:
    """One class, from its lowest score to its highest.

    Args:
        thresholds: rising.
        precision: at each, in 0-1; None where nothing is predicted.
        recall: at each, in 0-1; None for a class that no image has.
        predicted: images at or above each.
        positives: images that have the class.
        images: images whose label is known.
    """

    thresholds: tuple[float, ...]
    precision: tuple[float | None, ...]
    recall: tuple[float | None, ...]
    predicted: tuple[int, ...]
    positives: int
    images: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def threshold_curve(scores: Tensor, present: Tensor, chosen: float) -> Curve:
    """Return precision and recall of one class at about a hundred thresholds, the run's own among them.

    Args:
        scores: ``(N,)`` float, of images whose label is known.
        present: ``(N,)`` bool.
        chosen: the run's threshold.

    Example:
        >>> curve = threshold_curve(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([False, True, True]), 2.0)
        >>> at = curve.thresholds.index(2.0)
        >>> curve.precision[at], curve.recall[at], curve.predicted[at]
        (1.0, 1.0, 2)
    """
    places = _places(scores, chosen)
    judged = [judge_choice(scores >= place, present) for place in places]
    predicted = [int((scores >= place).sum()) for place in places]
    return Curve(
        tuple(places),
        tuple(None if isnan(one.precision) else one.precision for one in judged),
        tuple(None if isnan(one.recall) else one.recall for one in judged),
        tuple(predicted),
        int(present.sum()),
        len(scores),
    )


def threshold_curves(
    scores: Tensor, target: Tensor, known: Tensor, thresholds: dict[str, float]
) -> dict[str, Curve]:
    """Return the curve of each class that has images with a known label.

    Args:
        scores: ``(N, C)`` float.
        target: ``(N, C)`` in {0, 1}.
        known: ``(N, C)`` bool.
        thresholds: C, by class.
    """
    curves = {}
    for column, (name, chosen) in enumerate(thresholds.items()):
        rows = known[:, column]
        if rows.any():
            curves[name] = threshold_curve(scores[rows, column], target[rows, column] > 0, chosen)
    return curves


def _places(scores: Tensor, chosen: float) -> list[float]:
    """Return scores at even ranks, ends included, just above the highest, and the chosen threshold."""
    ranks = torch.linspace(0, len(scores) - 1, min(STEPS, len(scores))).round().long()
    places = {float(value) for value in scores.sort().values[ranks]}
    return sorted(places | {chosen, float(scores.max()) + 0.01})
