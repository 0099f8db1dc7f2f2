"""Rank images by falling score, ties together: every precision and recall is counted from this ranking.

Source of the tie rule: scikit-learn's ``average_precision_score`` moves its threshold through the distinct
scores, so images with one score enter together and their order in memory cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from weldon.errors import UsageError


class Ranking(NamedTuple):
    """What stands above each distinct score, from the highest down; each field is ``(T,)``.

    Attributes:
        thresholds: the distinct scores, falling.
        predicted: images whose score reaches the threshold, long.
        correct: positives among them, long.
    """

    thresholds: Tensor
    predicted: Tensor
    correct: Tensor


def rank_by_score(scores: Tensor, positive: Tensor) -> Ranking:
    """Count images and positives at or above every distinct score.

    Args:
        scores: ``(N,)`` float, any real, no NaN.
        positive: ``(N,)`` bool.

    Example:
        >>> rank_by_score(torch.tensor([2.0, 5.0, 2.0]), torch.tensor([True, True, False])).correct
        tensor([1, 2])
    """
    ordered, order = scores.sort(descending=True)
    closes_tie = torch.ones_like(ordered, dtype=torch.bool)
    closes_tie[:-1] = ordered[1:] != ordered[:-1]
    last = closes_tie.nonzero().squeeze(1)  # (T,)
    return Ranking(ordered[last], last + 1, positive[order].cumsum(0)[last])


def known_columns(
    scores: Tensor, target: Tensor, mask: Tensor | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield ``(scores, positive)`` of each class, both ``(n,)`` on the CPU, without its unknown cells.

    Args:
        scores: ``(N, C)`` float, any real.
        target: ``(N, C)`` in {0, 1} wherever known.
        mask: ``(N, C)`` bool, True where the label is known; None means everywhere.

    Raises:
        UsageError: shapes differ, a score is NaN, or a known target is neither 0 nor 1.
    """
    mask = torch.ones_like(target, dtype=torch.bool) if mask is None else mask
    check_labels(scores, target, mask)
    scores, target, mask = (tensor.detach().cpu() for tensor in (scores, target, mask))
    for score, label, known in zip(scores.T, target.T, mask.T, strict=True):
        yield score[known], label[known] == 1


def check_scores(scores: Tensor) -> None:
    """Refuse scores that cannot be ranked: not ``(N, C)``, not floating point, or NaN."""
    if scores.ndim != 2 or not scores.is_floating_point():
        raise UsageError(f"scores must be a float tensor (N, C), got {scores.dtype} {tuple(scores.shape)}")
    if scores.isnan().any():
        row, column = scores.isnan().nonzero()[0].tolist()
        raise UsageError(
            f"scores must be numbers, got NaN for image {row}, class {column}: did training diverge?"
        )


def check_mask(mask: Tensor, shape: torch.Size) -> None:
    """Refuse a mask of known labels that is not bool or not of ``shape``."""
    if mask.dtype != torch.bool or mask.shape != shape:
        raise UsageError(f"mask must be bool {tuple(shape)}, got {mask.dtype} {tuple(mask.shape)}")


def check_labels(scores: Tensor, target: Tensor, mask: Tensor) -> None:
    """Refuse scores, labels and a mask that are not ``(N, C)`` alike, and known labels other than 0 and 1."""
    check_scores(scores)
    if target.shape != scores.shape:
        raise UsageError(f"target must be {tuple(scores.shape)} like scores, got {tuple(target.shape)}")
    check_mask(mask, scores.shape)
    strange = mask & (target != 0) & (target != 1)
    if strange.any():
        row, column = strange.nonzero()[0].tolist()
        raise UsageError(
            f"target must be 0 or 1 where known, got {target[row, column].item()} "
            f"for image {row}, class {column}: mark unknown labels False in mask"
        )
