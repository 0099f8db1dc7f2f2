"""Measure precision and recall of each class: along the whole curve, at one threshold, of a choice."""

from __future__ import annotations

import math
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


class Choice(NamedTuple):
    """How well a choice meets what is there.

    Attributes:
        positives: how many have the class.
        precision: share of the chosen that have it; NaN where nothing is chosen.
        recall: share of those that have it that are chosen; NaN where nothing has it.
        f1: harmonic mean of both; NaN where nothing has it.
    """

    positives: int
    precision: float
    recall: float
    f1: float


def judge_choice(chosen: Tensor, present: Tensor) -> Choice:
    """Return precision, recall and F1 of a choice among images.

    Args:
        chosen: ``(N,)`` bool.
        present: ``(N,)`` bool.

    Example:
        >>> judge_choice(torch.tensor([True, True, False]), torch.tensor([True, False, True]))
        Choice(positives=2, precision=0.5, recall=0.5, f1=0.5)
    """
    hits, predicted, positives = (int(part.sum()) for part in (chosen & present, chosen, present))
    precision = hits / predicted if predicted else math.nan
    recall, f1 = (hits / positives, 2 * hits / (predicted + positives)) if positives else (math.nan, math.nan)
    return Choice(positives, precision, recall, f1)


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
    judged = [
        judge_choice(score >= threshold, positive)
        for (score, positive), threshold in zip(
            known_columns(scores, target, mask), thresholds.detach().cpu(), strict=True
        )
    ]
    columns = zip(*judged, strict=True) if judged else ((), (), (), ())
    return ThresholdReport(*(torch.tensor(column, device=scores.device) for column in columns))
