"""Measure the average precision of unbounded scores for each class; unknown labels are left out.

No sigmoid is taken: a float32 sigmoid ties every score above 17, and AP needs the order only.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.metrics.class_mean import class_mean
from weldon.metrics.ranking import Ranking, known_columns, rank_by_score


def average_precision(
    scores: Tensor, target: Tensor, mask: Tensor | None = None, *, method: str = "area"
) -> Tensor:
    r"""Return each class's average precision ``(C,)``, NaN for a class without known positives.

    .. math:: AP = \sum_t (R_t - R_{t-1}) P_t

    with recall R and precision P at the t-th highest distinct score: images with equal scores enter together.

    Args:
        scores: ``(N, C)`` float, any real; only their order within a class matters.
        target: ``(N, C)`` in {0, 1} wherever known.
        mask: ``(N, C)`` bool, True where the label is known (unknown and difficult cells are False);
            None means everywhere.
        method: ``"area"``, the sum above (scikit-learn's); ``"voc07"``, the mean over recalls 0, 0.1, ..., 1
            of the best precision at that recall or beyond (VOC 2007's development kit); ``"voc10"``, the sum
            above with that best precision for P (VOC 2010 to 2012).

    Raises:
        UsageError: shapes differ, a score is NaN, a known target is neither 0 nor 1, or ``method`` is
            unknown.

    Example:
        Found at ranks 1 and 3: one half of 1/1 and one half of 2/3.

        >>> scores = torch.tensor([[9.0], [8.0], [7.0]])
        >>> average_precision(scores, torch.tensor([[1], [0], [1]]))
        tensor([0.8333])
    """
    per_class = [
        summarise_ranking(rank_by_score(score, positive), int(positive.sum()), method=method)
        for score, positive in known_columns(scores, target, mask)
    ]
    return torch.tensor(per_class, dtype=torch.float32, device=scores.device)


def mean_average_precision(
    scores: Tensor, target: Tensor, mask: Tensor | None = None, *, method: str = "area"
) -> Tensor:
    """Return the mean of :func:`average_precision` over the classes with known positives; warn of the others.

    Example:
        >>> scores = torch.tensor([[9.0, 1.0], [8.0, 2.0], [7.0, 3.0]])
        >>> mean_average_precision(scores, torch.tensor([[1, 1], [0, 0], [1, 0]]))  # mean of 5/6 and 1/3
        tensor(0.5833)
    """
    return class_mean(average_precision(scores, target, mask, method=method))


def summarise_ranking(ranking: Ranking, positives: int, *, method: str = "area") -> float:
    """Return the average precision of one ranking, NaN without positives.

    Args:
        ranking: counts at each distinct score.
        positives: denominator of the recall; larger than the last count where some can never be found.
        method: as in :func:`average_precision`.
    """
    if method not in AP_METHODS:
        raise UsageError(f"method must be one of {', '.join(AP_METHODS)}, got {method!r}")
    return AP_METHODS[method](ranking, positives) if positives else float("nan")


def _precision(ranking: Ranking) -> Tensor:
    return ranking.correct.double() / ranking.predicted


def _area_under(precision: Tensor, correct: Tensor, positives: int) -> float:
    found = correct.diff(prepend=correct.new_zeros(1))
    return float((found * precision).sum() / positives)


def _area(ranking: Ranking, positives: int) -> float:
    return _area_under(_precision(ranking), ranking.correct, positives)


def _voc10(ranking: Ranking, positives: int) -> float:
    best_from_here = _precision(ranking).flip(0).cummax(0).values.flip(0)
    return _area_under(best_from_here, ranking.correct, positives)


def _voc07(ranking: Ranking, positives: int) -> float:
    levels = torch.arange(11)
    # Whole numbers: in floats a recall of 3/10 fails to reach the level 3 * 0.1.
    reached = ranking.correct[:, None] * 10 >= levels * positives  # (T, 11)
    return float(torch.where(reached, _precision(ranking)[:, None], 0.0).amax(0).mean())


AP_METHODS: dict[str, Callable[[Ranking, int], float]] = {"area": _area, "voc07": _voc07, "voc10": _voc10}
