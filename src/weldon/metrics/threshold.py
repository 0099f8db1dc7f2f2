"""Fit a decision threshold for each class on validation images; it is saved with the model.

Source of the rule for rare classes: Yang, "A study of thresholding strategies for text categorization"
(2001): thresholds fitted per class overfit the rare classes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.metrics.ranking import known_columns, rank_by_score

MIN_POSITIVES = 5  # below it, a threshold of one's own would be chance


def best_f1_threshold(
    scores: Tensor, target: Tensor, mask: Tensor | None = None, *, min_positives: int = MIN_POSITIVES
) -> Tensor:
    r"""Return for each class the threshold ``(C,)`` at which its F1 on these images is highest.

    .. math:: F_1 = \frac{2 \, TP}{predicted + positives}

    An image is predicted if its score reaches the threshold. The threshold lies midway between the lowest
    score that should be predicted and the next lower one, so that a new image just below a seen one is still
    predicted; where every image should be, it is the lowest score. Of several best cuts the highest is taken:
    fewest claims.

    A class with fewer than ``min_positives`` known positives takes the threshold that maximises F1 over all
    cells of all classes together: a cut through three positives follows those three. Without any positive
    that is 0, the score at which a logistic model says one half.

    Args:
        scores: ``(N, C)`` float, any real, of validation images.
        target: ``(N, C)`` in {0, 1} wherever known.
        mask: ``(N, C)`` bool, True where the label is known; None means everywhere.
        min_positives: known positives a class needs for a threshold of its own, at least 1.

    Raises:
        UsageError: shapes differ, a score is NaN, a known target is neither 0 nor 1, or ``min_positives``
            is below 1.

    Example:
        >>> scores = torch.tensor([[4.0], [3.0], [1.0], [0.0]])
        >>> best_f1_threshold(scores, torch.tensor([[1], [1], [0], [0]]), min_positives=1)  # between 3 and 1
        tensor([2.])
    """
    if min_positives < 1:
        raise UsageError(f"min_positives must be at least 1, got {min_positives}")
    columns = list(known_columns(scores, target, mask))
    shared = _shared_threshold(columns)
    dtype = torch.promote_types(scores.dtype, torch.float32)
    fitted = [_f1_threshold(*column) if column[1].sum() >= min_positives else shared for column in columns]
    return torch.tensor(fitted, dtype=dtype, device=scores.device)


def _shared_threshold(columns: list[tuple[Tensor, Tensor]]) -> float:
    if not any(positive.any() for _, positive in columns):
        return 0.0
    scores, positives = zip(*columns, strict=True)
    return _f1_threshold(torch.cat(scores), torch.cat(positives))


def _f1_threshold(scores: Tensor, positive: Tensor) -> float:
    ranking = rank_by_score(scores.to(torch.promote_types(scores.dtype, torch.float32)), positive)
    f1 = 2 * ranking.correct.double() / (ranking.predicted + positive.sum())
    best = int(f1.argmax())
    if best == len(f1) - 1:
        return float(ranking.thresholds[best])
    return _midpoint(ranking.thresholds[best], ranking.thresholds[best + 1])


def _midpoint(upper: Tensor, lower: Tensor) -> float:
    middle = ((upper.double() + lower.double()) / 2).to(upper.dtype)
    # Two neighbouring floats have nothing between them; the lower one must stay out.
    return float(middle if middle > lower else upper)
