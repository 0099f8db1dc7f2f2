"""What one inversion adds to the violation of a ranking, in whole units that add up exactly in any order."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Terms(NamedTuple):
    """What :func:`pair_gain` needs to know of a class, float64, in shapes that broadcast."""

    slope: Tensor
    log_bound: Tensor
    square_bound: Tensor
    unit: Tensor


def class_terms(count: Tensor, slope: Tensor) -> Terms:
    """Terms of classes with ``count`` positives; a count of 0 gives finite nonsense that nobody reads."""
    total = count.clamp(min=1).double()
    return Terms(slope, torch.log1p(total), total * (total + 1) / 2, 2.0**61 / total)


def pair_gain(k: Tensor, j: Tensor, difference: Tensor, terms: Terms) -> Tensor:
    r"""What it adds to the violation to put negative ``j`` above positive ``k``, in whole units.

    .. math:: g(j, k) = \frac1P \left[ \frac{k}{(k+j)(k+j-1)} + m (t_j - s_k) \right]

    Never as ``j/(j+k) - (j-1)/(j+k-1)``, which cancels. The unit is the same for all ``k`` of one ``j``, and
    fine: the gains of one ``j`` add up to at most ``2^62``. A margin beyond the sum of all rewards,
    :math:`\sum_k k / ((k+j)(k+j-1)) \le \min(\log(1 + P), P(P+1)/(2j(j+1)))`, decides alone and is cut there,
    so a score of 1e30 costs no other its digits.

    Args:
        k: rank among the positives, from 1, float64.
        j: rank among the negatives, from 1, float64.
        difference: ``t_j - s_k``, float64. All broadcast.
        terms: of the class.
    """
    both = k + j
    bound = torch.minimum(terms.square_bound / (j * j + j), terms.log_bound)
    margin = (terms.slope * difference).clamp_(-bound, bound)
    gain = margin.add_(k / (both * both - both))
    return gain.mul_(terms.unit / bound).round_().to(torch.int64)
