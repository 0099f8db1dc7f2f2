"""Precision and recall of each class: along the whole curve, and at one threshold."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.metrics.ranking import known_columns, rank_by_score


class PrecisionRecallCurve(NamedTuple):
    """One class's curve; each field is ``(T,)`` float32 on the CPU.

    Attributes:
        precision: share of the images at or above the threshold that have the class.
        recall: share of the class's images at or above the threshold; NaN without known positives.
        thresholds: the distinct scores, falling, so recall rises.
    """

    precision: Tensor
    recall: Tensor
    thresholds: Tensor


class ThresholdReport(NamedTuple):
    """Each class at its threshold; each field is ``(C,)``.

    Attributes:
        positives: images known to have the class, long.
        precision: NaN where nothing is predicted.
        recall: NaN without known positives.
        f1: NaN without known positives; 0 where none is found.
    """

    positives: Tensor
    precision: Tensor
    recall: Tensor
    f1: Tensor


def precision_recall_curve(
    scores: Tensor, target: Tensor, mask: Tensor | None = None
) -> tuple[PrecisionRecallCurve, ...]:
    """Return a curve for each class, one point for each distinct score.

    Args:
        scores: ``(N, C)`` float, any real.
        target: ``(N, C)`` in {0, 1} wherever known.
        mask: ``(N, C)`` bool, True where the label is known; None means everywhere.

    Raises:
        UsageError: shapes differ, a score is NaN, or a known target is neither 0 nor 1.

    Example:
        >>> scores, target = torch.tensor([[9.0], [8.0], [7.0]]), torch.tensor([[1], [0], [1]])
        >>> (curve,) = precision_recall_curve(scores, target)
        >>> curve.precision, curve.recall
        (tensor([1.0000, 0.5000, 0.6667]), tensor([0.5000, 0.5000, 1.0000]))
    """
    return tuple(_curve(score, positive) for score, positive in known_columns(scores, target, mask))


def _curve(scores: Tensor, positive: Tensor) -> PrecisionRecallCurve:
    ranking = rank_by_score(scores, positive)
    return PrecisionRecallCurve(
        precision=ranking.correct / ranking.predicted,
        recall=ranking.correct / positive.sum(),
        thresholds=ranking.thresholds.float(),
    )


def precision_recall_f1(
    scores: Tensor, target: Tensor, thresholds: Tensor, mask: Tensor | None = None
) -> ThresholdReport:
    """Return precision, recall and F1 of each class; an image whose score reaches the threshold is predicted.

    Args:
        scores: ``(N, C)`` float, any real.
        target: ``(N, C)`` in {0, 1} wherever known.
        thresholds: ``(C,)`` float.
        mask: ``(N, C)`` bool, True where the label is known; None means everywhere.

    Raises:
        UsageError: shapes differ, a score is NaN, or a known target is neither 0 nor 1.

    Example:
        >>> scores, target = torch.tensor([[9.0], [8.0], [7.0]]), torch.tensor([[1], [0], [1]])
        >>> report = precision_recall_f1(scores, target, torch.tensor([7.5]))
        >>> report.precision, report.recall, report.f1
        (tensor([0.5000]), tensor([0.5000]), tensor([0.5000]))
    """
    if thresholds.shape != scores.shape[1:]:
        raise UsageError(f"thresholds must be {tuple(scores.shape[1:])}, got {tuple(thresholds.shape)}")
    counts = torch.tensor(
        [
            [
                int(positive.sum()),
                int((score >= threshold).sum()),
                int((positive & (score >= threshold)).sum()),
            ]
            for (score, positive), threshold in zip(
                known_columns(scores, target, mask), thresholds.detach().cpu(), strict=True
            )
        ],
        device=scores.device,
    )  # (C, 3)
    positives, predicted, correct = counts.unbind(1)
    f1 = torch.where(positives > 0, 2 * correct / (positives + predicted), torch.nan)
    return ThresholdReport(positives, correct / predicted, correct / positives, f1)
