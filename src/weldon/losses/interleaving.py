r"""The most violating ranking of two sorted lists: how many negatives it puts above each positive.

A ranking that keeps the positives in order, and the negatives, is an interleaving of the two lists. With
``r_j`` positives above negative ``j`` it violates by

.. math:: \sum_j \sum_{k > r_j} g(j, k), \qquad
          g(j, k) = \frac1P \left[ \frac{k}{(k+j)(k+j-1)} + m (t_j - s_k) \right]

(``s``, ``t``: positives and negatives from the highest down, counted from 1; ``m``: the slope). Each
negative's place is its own maximisation (Yue et al., SIGIR 2007), and because ``g(j, k) > g(j + 1, k)`` the
places come out in order. Three ways to the same answer: all pairs at once, a negative at a time, or by
halving the range in which the places lie, which touches every positive once a level: ``P log N`` instead of
``P N``.

The gains are added as integers (:mod:`weldon.losses.pair_gain`), so the answer depends on no order of
summation, no other class and no device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from weldon.losses.pair_gain import Terms, class_terms, pair_gain

GREEDY_PAIRS = 1 << 20  # pairs the greedy form looks at together: bounds its memory


class SortedScores(NamedTuple):
    """Scores of all classes, class after class, from the highest down inside a class.

    ``positives (S,)`` and ``negatives (T,)`` float; ``positive_count``, ``negative_count (C,)`` int64, whose
    sums are S and T; ``slope (C,)`` float64, the ``m`` of the module's equation. A class has both or neither.
    """

    positives: Tensor
    negatives: Tensor
    positive_count: Tensor
    negative_count: Tensor
    slope: Tensor


def count_negatives_above(lists: SortedScores, method: str) -> Tensor:
    """Count, for every positive, the negatives above it in the most violating ranking.

    Of rankings that violate alike, the one with the fewest inversions.

    Args:
        lists: the sorted scores of all classes.
        method: a key of :data:`METHODS`.

    Returns:
        ``(S,)`` int64, increasing inside a class.

    Example:
        >>> one = torch.tensor([1])
        >>> slope = torch.tensor([2.0]).double()
        >>> lists = SortedScores(torch.tensor([0.3]), torch.tensor([0.1]), one, one, slope)
        >>> count_negatives_above(lists, "levels")  # 1/2 for the inversion, less 2 * 0.2 for its margin
        tensor([1])
    """
    if lists.positives.numel() == 0 or lists.negatives.numel() == 0:
        return torch.zeros_like(lists.positives, dtype=torch.int64)
    return METHODS[method](lists)


def _by_levels(lists: SortedScores) -> Tensor:
    """Halve the range ``[low, high]`` of all answers a level at a time.

    Positives with the same range are a run, ``[first, last]``. The place of the middle negative of the range
    cuts the run in two: the positives from the cut on have that negative, and so all higher ones, above them.
    """
    s, count = lists.positives.double(), lists.positive_count
    owner = torch.repeat_interleave(count, output_size=len(s))  # (S,) the class of each positive
    index = torch.arange(len(s), device=s.device)
    first = (count.cumsum(0) - count)[owner]
    rank, last = (index - first + 1).double(), first + count[owner] - 1
    terms = Terms(*(term[owner] for term in class_terms(count, lists.slope)))
    before = (lists.negative_count.cumsum(0) - lists.negative_count)[owner] - 1
    low, high = torch.zeros_like(index), lists.negative_count[owner]
    for _ in range(int(lists.negative_count.max()).bit_length()):
        middle = (low + high + 1) >> 1
        place = middle.clamp(min=1)  # 0 only where the answer is known to be 0
        difference = lists.negatives[before + place].double() - s
        gain = pair_gain(rank, place.double(), difference, terms)
        gain.masked_fill_(low == high, 1)  # keeps a decided run as it is
        cut = _cut_runs(gain, index, first, last)
        above = index >= cut
        low, high = torch.where(above, middle, low), torch.where(above, high, middle - 1)
        first, last = torch.where(above, cut, first), torch.where(above, last, cut - 1)
    return low


def _cut_runs(gain: Tensor, index: Tensor, first: Tensor, last: Tensor) -> Tensor:
    """First positive of the best tail of each run, told to every member; past the end for an empty tail.

    The best tail is what the lowest prefix leaves; of equal ones the shortest. Prefixes run on from run to
    run and may wrap around 2^64: only differences inside a run are used, and these fit.
    """
    through = gain.cumsum(0)
    start = (through - gain)[first]
    prefix, whole = through - gain - start, through[last] - start
    with _integers_commute():
        lowest = torch.full_like(gain, torch.iinfo(torch.int64).max)
        lowest = lowest.scatter_reduce_(0, first, prefix, "amin")[first]
        is_lowest = torch.where(prefix == lowest, index, -1)
        latest = torch.full_like(index, -1).scatter_reduce_(0, first, is_lowest, "amax")[first]
    return torch.where(lowest < whole, latest, last + 1)


@contextmanager
def _integers_commute() -> Iterator[None]:
    """Lift the refusal of CUDA scatters: the least or greatest of integers is the same in every order."""
    mode = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode("default")
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(mode)


def _dense(lists: SortedScores) -> Tensor:
    """Look at all pairs of all classes at once."""
    positives, real = _pad(lists.positives, lists.positive_count)  # (C, P), (C, P)
    negatives, present = _pad(lists.negatives, lists.negative_count)  # (C, N), (C, N)
    terms = class_terms(lists.positive_count.view(-1, 1, 1), lists.slope.view(-1, 1, 1))
    above = _inverted(positives, negatives, real, terms)
    return (above & present.unsqueeze(2)).sum(1)[real]  # (C, N, P) -> (C, P) -> (S,)


def _greedy(lists: SortedScores) -> Tensor:
    """Place a few negatives at a time, one class after the other: Yue's ``P N`` steps in bounded memory."""
    positives = torch.split(lists.positives, lists.positive_count.tolist())
    negatives = torch.split(lists.negatives, lists.negative_count.tolist())
    return torch.cat([_greedy_class(*one) for one in zip(positives, negatives, lists.slope, strict=True)])


def _greedy_class(s: Tensor, t: Tensor, slope: Tensor) -> Tensor:
    above = torch.zeros_like(s, dtype=torch.int64)
    chunk = max(1, GREEDY_PAIRS // max(1, len(s)))
    real, terms = (
        torch.ones_like(s, dtype=torch.bool),
        class_terms(torch.tensor([len(s)]).to(s.device), slope),
    )
    for start in range(0, len(t) if len(s) else 0, chunk):
        above += _inverted(s[None], t[None, start : start + chunk], real[None], terms, start)[0].sum(0)
    return above


def _inverted(s: Tensor, t: Tensor, real: Tensor, terms: Terms, start: int = 0) -> Tensor:
    """Which negative stands above which positive, ``(C, N, P)``; ``start`` negatives came before."""
    s, t = s.double().unsqueeze(1), t.double().unsqueeze(2)  # (C, 1, P), (C, N, 1)
    k = torch.arange(1, s.shape[2] + 1, device=s.device, dtype=torch.float64)  # (P,)
    j = torch.arange(1, t.shape[1] + 1, device=s.device, dtype=torch.float64).unsqueeze(1) + start  # (N, 1)
    gain = pair_gain(k, j, t - s, terms) * real.unsqueeze(1)  # (C, N, P)
    tail = gain.flip(2).cumsum(2)  # the tail that starts at k, from the last k to the first
    best = tail.max(2)
    length = torch.where(best.values > 0, best.indices + 1, 0)  # the first maximum is the shortest tail
    return k > s.shape[2] - length.unsqueeze(2)


def _pad(scores: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """Lists of each class in rows, ``(C, longest)``, and which entries are real."""
    real = torch.arange(int(count.max()), device=scores.device) < count.unsqueeze(1)
    rows = scores.new_zeros(real.shape)
    rows[real] = scores
    return rows, real


METHODS: dict[str, Callable[[SortedScores], Tensor]] = {
    "levels": _by_levels,
    "dense": _dense,
    "greedy": _greedy,
}
