"""How far probabilities can be taken at their word: reliability curve and expected calibration error.

Source: Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks" (ICML 2017).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.metrics.ranking import known_columns

BINS = 15


class ReliabilityCurve(NamedTuple):
    """Probabilities in bins of equal width, those of all classes together; bins without any are NaN.

    Args:
        predicted: ``(B,)`` mean probability of a bin.
        observed: ``(B,)`` share of the bin's labels that are present.
        counts: ``(B,)`` labels of the bin.
    """

    predicted: Tensor
    observed: Tensor
    counts: Tensor


def reliability_curve(
    probabilities: Tensor, target: Tensor, mask: Tensor | None = None, *, bins: int = BINS
) -> ReliabilityCurve:
    """Return what probabilities say beside what is so, bin by bin.

    Args:
        probabilities: ``(N, C)`` in [0, 1].
        target: ``(N, C)`` in {0, 1} wherever known.
        mask: ``(N, C)`` bool, True where the label is known; None means everywhere.
        bins: B, of equal width; 1 lies in the last.

    Raises:
        UsageError: shapes differ, a probability outside [0, 1], a known target neither 0 nor 1, or no bin.

    Example:
        >>> probabilities, target = torch.tensor([[0.25], [0.75], [1.0]]), torch.tensor([[0], [0], [1]])
        >>> curve = reliability_curve(probabilities, target, bins=2)
        >>> curve.predicted, curve.observed
        (tensor([0.2500, 0.8750], dtype=torch.float64), tensor([0.0000, 0.5000], dtype=torch.float64))
    """
    if bins < 1:
        raise UsageError(f"bins must be at least 1, got {bins}")
    columns = list(known_columns(probabilities, target, mask))
    values = torch.cat([column.double() for column, _ in columns])
    present = torch.cat([positive for _, positive in columns]).double()
    if len(values) and not (values.min() >= 0 and values.max() <= 1):
        raise UsageError(f"probabilities must lie in [0, 1], got {values.min():g} to {values.max():g}")
    places = (values * bins).long().clamp(max=bins - 1)
    counts = torch.zeros(bins, dtype=torch.double).index_add_(0, places, torch.ones_like(values))
    sums = torch.zeros(2, bins, dtype=torch.double).index_add_(1, places, torch.stack([values, present]))
    return ReliabilityCurve(sums[0] / counts, sums[1] / counts, counts.long())


def expected_calibration_error(
    probabilities: Tensor, target: Tensor, mask: Tensor | None = None, *, bins: int = BINS
) -> Tensor:
    r"""Return the mean distance between what probabilities say and what is so; NaN without any known label.

    .. math:: ECE = \sum_b \frac{n_b}{n} \left| \bar p_b - \bar y_b \right|

    Args:
        probabilities: ``(N, C)`` in [0, 1].
        target: ``(N, C)`` in {0, 1} wherever known.
        mask: ``(N, C)`` bool, True where the label is known; None means everywhere.
        bins: B, of equal width.

    Raises:
        UsageError: as :func:`reliability_curve`.

    Example:
        >>> expected_calibration_error(torch.tensor([[0.25], [0.75]]), torch.tensor([[0], [1]]), bins=2)
        tensor(0.2500, dtype=torch.float64)
    """
    curve = reliability_curve(probabilities, target, mask, bins=bins)
    distances = (curve.predicted - curve.observed).abs().nan_to_num(0.0)
    return (curve.counts * distances).sum() / curve.counts.sum()
