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
        ``(S,)`` int64, never decreasing inside a class.

    Example:
        >>> one = torch.tensor([1])
        >>> slope = torch.tensor([2.0]).double()
        >>> lists = SortedScores(torch.tensor([0.3]), torch.tensor([0.1]), one, one, slope)
        >>> count_negatives_above(lists, "levels")  # 1/2 for the inversion, less 2 * 0.2 for its margin
        tensor([1])
    """
    if lists.positives.numel() == 0:
        return torch.zeros_like(lists.positives, dtype=torch.int64)
    return METHODS[method](lists)


def count_positives_above(above: Tensor, lists: SortedScores) -> Tensor:
    """Count, for every negative ``(T,)``, the positives above it; ``above`` is what every positive found."""
    owner = owners(lists.positive_count, len(above))
    return _count_placed(above, owner, lists.negative_count, len(lists.negatives))


def owners(count: Tensor, size: int) -> Tensor:
    """The class of each entry of a list with ``count (C,)`` entries a class, ``(size,)``."""
    return torch.repeat_interleave(count, output_size=size)


def begins(count: Tensor) -> Tensor:
    """Where each class begins in a list with ``count (C,)`` entries a class, ``(C,)``."""
    return count.cumsum(0) - count


def _count_placed(place: Tensor, owner: Tensor, count: Tensor, size: int) -> Tensor:
    """Of the items of its own class, how many have a place up to each entry's own, ``(size,)``.

    Args:
        place: ``(n,)`` int64, entries of the item's class that stand above it.
        owner: ``(n,)`` int64, the item's class.
        count: ``(C,)`` int64, entries a class.
        size: sum of ``count``.
    """
    through = torch.bincount(begins(count)[owner] + place, minlength=size + 1)[:size].cumsum(0)
    earlier = begins(torch.bincount(owner, minlength=len(count)))  # items of earlier classes
    return through - torch.repeat_interleave(earlier, count, output_size=size)


def _by_levels(lists: SortedScores) -> Tensor:
    """Halve the range ``[low, high]`` of all answers a level at a time.

    Positives with the same range are a run, ``[first, last]``. The place of the middle negative of the range
    cuts the run in two: the positives from the cut on have that negative, and so all higher ones, above them.
    """
    s, count = lists.positives.double(), lists.positive_count
    owner, index = owners(count, len(s)), torch.arange(len(s), device=s.device)
    first = begins(count)[owner]
    rank, last = (index - first + 1).double(), first + count[owner] - 1
    terms = Terms(*(term[owner] for term in class_terms(count, lists.slope)))
    before = begins(lists.negative_count)[owner] - 1
    low, high = torch.zeros_like(index), lists.negative_count[owner]
    for _ in range(int(lists.negative_count.max()).bit_length()):
        middle = (low + high + 1) >> 1
        place = middle.clamp(min=1)  # 0 only where the answer is known to be 0
        difference = lists.negatives[before + place].double() - s
        cut = _cut_runs(pair_gain(rank, place.double(), difference, terms), index, first, last)
        above = index >= cut  # once low == high, low stays, whatever the cut
        low, high = torch.where(above, middle, low), torch.where(above, high, middle - 1)
        first, last = torch.where(above, cut, first), torch.where(above, last, cut - 1)
    return low


def _dense(lists: SortedScores) -> Tensor:
    """Place all negatives of all classes at once, each against every positive of its class."""
    return _place_negatives(lists, torch.arange(len(lists.negatives), device=lists.negatives.device))


def _greedy(lists: SortedScores) -> Tensor:
    """Place a few negatives at a time: Yue's ``P N`` steps in bounded memory."""
    at_once = max(1, GREEDY_PAIRS // int(lists.positive_count.max()))
    every = torch.arange(len(lists.negatives), device=lists.negatives.device)
    parts = torch.split(every, at_once)
    return torch.stack([_place_negatives(lists, part) for part in parts]).sum(0)


def _place_negatives(lists: SortedScores, chosen: Tensor) -> Tensor:
    """How many of the chosen negatives stand above each positive, ``(S,)``.

    A run is all positives of a class, once for each of its chosen negatives ``(n,)``.
    """
    owner = owners(lists.negative_count, len(lists.negatives))[chosen]
    length, positive = lists.positive_count[owner], begins(lists.positive_count)[owner]
    j = (chosen - begins(lists.negative_count)[owner] + 1).double()
    row = torch.repeat_interleave(length)  # (pairs,) which of the chosen
    index = torch.arange(len(row), device=row.device)
    start = begins(length)
    first = start[row]
    rank = index - first
    difference = lists.negatives[chosen].double()[row] - lists.positives.double()[positive[row] + rank]
    terms = Terms(*(term[owner[row]] for term in class_terms(lists.positive_count, lists.slope)))
    gain = pair_gain(rank.double() + 1, j[row], difference, terms)
    cut = _cut_runs(gain, index, first, first + length[row] - 1)
    return _count_placed(cut[start] - start, owner, lists.positive_count, len(lists.positives))


def _cut_runs(gain: Tensor, index: Tensor, first: Tensor, last: Tensor) -> Tensor:
    """First positive of the best tail of each run, told to every member; past the end for an empty tail.

    The best tail is what the lowest prefix leaves; of equal ones the shortest. Prefixes run on from run to
    run and may wrap around 2^64: only differences inside a run are used, and these fit.
    """
    through = gain.cumsum(0)
    before = through - gain
    start = before[first]
    prefix, whole = before - start, through[last] - start
    with _integers_commute():
        lowest = prefix.scatter_reduce(0, first, prefix, "amin")[first]
        candidate = torch.where(prefix == lowest, index, first)
        latest = index.scatter_reduce(0, first, candidate, "amax")[first]
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


METHODS: dict[str, Callable[[SortedScores], Tensor]] = {
    "levels": _by_levels,
    "dense": _dense,
    "greedy": _greedy,
}
