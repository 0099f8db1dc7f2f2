"""Fit how scores become probabilities, on validation: a slope and an offset a class, or one temperature.

Source: Platt, "Probabilistic outputs for support vector machines" (1999), by scikit-learn's logistic
regression; temperature: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks" (2017).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from weldon.runs.calibration_file import (
    Calibration,
    Reliability,
    measure_reliability,
    probabilities,
    unchanged,
)
from weldon.training.scoring import ScoredSet

MIN_POSITIVES = 10  # of a class, and as many images without it, below which it shares one line with others
FOLDS = 5
HOTTEST = 100.0  # temperature


@dataclass(frozen=True)
class Calibrated:
    """A calibration, and what it changed.

    Args:
        calibration: fitted to all validation images; leaves scores as they are where that is no worse.
        before: reliability of the network's own scores.
        after: reliability of scores that were calibrated without their own image, or were left as they are.
    """

    calibration: Calibration
    before: Reliability
    after: Reliability


def calibrate(scored: ScoredSet, task: str) -> Calibrated:
    """Return how scores become probabilities, with what that changed on images that did not help.

    Scores that are good log odds already stay: few images can fit a line that is worse for others.

    Args:
        scored: validation images.
        task: ``multilabel``: a line a class; ``multiclass``: one temperature.
    """
    fit = fit_lines if task == "multilabel" else fit_temperature
    labels = (scored.target, scored.known)
    odds = cross_fitted(fit, scored.scores, *labels)
    before = measure_reliability(probabilities(scored.scores, task), *labels)
    if not _log_loss(odds, *labels, task) < _log_loss(scored.scores, *labels, task):
        return Calibrated(unchanged(scored.scores.shape[1]), before=before, after=before)
    after = measure_reliability(probabilities(odds, task), *labels)
    return Calibrated(fit(scored.scores, *labels), before=before, after=after)


def _log_loss(log_odds: Tensor, target: Tensor, known: Tensor, task: str) -> float:
    """Return the mean log loss of known labels, or of the right class of images that are wholly known."""
    if task == "multilabel":
        return float(binary_cross_entropy_with_logits(log_odds[known].double(), target[known].double()))
    whole = known.all(1)
    return float(cross_entropy(log_odds[whole].double(), target[whole].argmax(1)))


def fit_lines(scores: Tensor, target: Tensor, known: Tensor) -> Calibration:
    """Return a slope and an offset a class, of least log loss on these images.

    A class that fewer than ten known images show, or fewer than ten do not, shares a line that is fitted to
    all classes together. So does a class whose own line would fall: its scores are no better than chance.

    Args:
        scores: ``(N, C)`` float.
        target: ``(N, C)`` in {0, 1} wherever known.
        known: ``(N, C)`` bool.
    """
    shared = _line(scores[known], target[known]) or (1.0, 0.0)
    lines = []
    for column in range(scores.shape[1]):
        told = known[:, column]
        present = target[told, column] > 0
        enough = min(int(present.sum()), int((~present).sum())) >= MIN_POSITIVES
        lines.append((_line(scores[told, column], present) if enough else None) or shared)
    slope, offset = torch.tensor(lines, dtype=torch.double).unbind(1)
    return Calibration(slope, offset)


def fit_temperature(scores: Tensor, target: Tensor, known: Tensor) -> Calibration:
    """Return one slope for all classes, ``1 / temperature``, of least log loss of the one right class.

    Args:
        scores: ``(N, C)`` float.
        target: ``(N, C)`` one-hot.
        known: ``(N, C)`` bool; images that are not wholly known are left out.
    """
    whole = known.all(1)
    logits, right = scores[whole].double(), target[whole].argmax(1)
    if not len(right):
        return unchanged(scores.shape[1])

    def log_loss(log_slope: float) -> float:
        return float(cross_entropy(logits * math.exp(log_slope), right))

    limit = math.log(HOTTEST)
    found = minimize_scalar(log_loss, bounds=(-limit, limit), method="bounded")
    same = unchanged(scores.shape[1])
    return Calibration(same.slope * math.exp(float(found.x)), same.offset)


def cross_fitted(
    fit: Callable[[Tensor, Tensor, Tensor], Calibration], scores: Tensor, target: Tensor, known: Tensor
) -> Tensor:
    """Return log odds ``(N, C)`` in which no image helped to fit its own: five folds, drawn by position.

    What calibration gains must not be measured on the images it was fitted to.
    """
    odds = torch.empty(scores.shape, dtype=torch.double)
    fold = torch.arange(len(scores)) % FOLDS
    for number in range(FOLDS):
        others, own = fold != number, fold == number
        odds[own] = fit(scores[others], target[others], known[others])(scores[own])
    return odds


def _line(scores: Tensor, present: Tensor) -> tuple[float, float] | None:
    """Return slope and offset of least log loss; None where a side is missing or the slope is not positive.

    Labels are Platt's: a little short of 0 and 1, so that scores which separate them do not become certain.
    """
    positives = int((present > 0).sum())
    negatives = len(present) - positives
    if not (positives and negatives):
        return None
    hoped = torch.where(present > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2)).double()
    spread = float(scores.double().std()) or 1.0
    values = (scores.double() / spread).repeat(2)[:, None].numpy()
    sides = torch.tensor([1, 0]).repeat_interleave(len(present)).numpy()
    fitted = LogisticRegression(C=1e6).fit(values, sides, torch.cat([hoped, 1 - hoped]).numpy())
    slope, offset = float(fitted.coef_[0, 0]) / spread, float(fitted.intercept_[0])
    return (slope, offset) if slope > 0 else None
