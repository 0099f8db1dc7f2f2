r"""The most violating ranking of two sorted lists: how many negatives it puts above each positive.

A ranking that keeps the positives in order, and the negatives, is an interleaving of the two lists. With
``r_j`` positives above negative ``j`` it violates by

.. math:: \sum_j \sum_{k > r_j} g(j, k), \qquad
          g(j, k) = \frac1P \left[ \frac{k}{(k+j)(k+j-1)} + m (t_j - s_k) \right]

(``s``, ``t``: positives and negatives from the highest down, counted from 1; ``m``: the slope). Each
negative's place is its own maximisation (Yue et al., SIGIR 2007), and because ``g(j, k) > g(j + 1, k)`` the
places come out in order. Three ways to the same answer: all pairs at once, a negative at a time, or by
narrowing the range in which the places lie, which touches every positive once a level: ``P log N`` instead of
``P N``.

The gains are added as integers (:mod:`weldon.losses.ap.interleaving`), so the answer depends on no order of
summation, no other class and no device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


GREEDY_PAIRS = 1 << 20  # pairs the greedy form looks at together: bounds its memory
CPU_PAIRS, DEVICE_PAIRS = 1 << 12, 1 << 20  # pairs a level may look at in about the time of one operation


class SortedScores(NamedTuple):
    """Scores of all classes, class after class, from the highest down inside a class.

    ``positives (S,)`` and ``negatives (T,)`` float64; ``positive_class (S,)`` and ``negative_class (T,)``
    int64, whose they are; ``positive_count``, ``negative_count (C,)`` int64, whose sums are S and T;
    ``slope (C,)`` float64, the ``m`` of the module's equation. A class has both or neither.
    """

    positives: Tensor
    negatives: Tensor
    positive_class: Tensor
    negative_class: Tensor
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
        >>> one, zero = torch.tensor([1]), torch.tensor([0])
        >>> high, low, slope = torch.tensor([[0.3], [0.1], [2.0]]).double()
        >>> lists = SortedScores(high, low, zero, zero, one, one, slope)
        >>> count_negatives_above(lists, "levels")  # 1/2 for the inversion, less 2 * 0.2 for its margin
        tensor([1])
    """
    if lists.positives.numel() == 0:
        return torch.zeros_like(lists.positives, dtype=torch.int64)
    return METHODS[method](lists)


def count_positives_above(above: Tensor, lists: SortedScores) -> Tensor:
    """Count, for every negative ``(T,)``, the positives above it; ``above`` is what every positive found."""
    return _count_placed(above, lists.positive_class, lists.negative_count, lists.negative_class)


def owners(count: Tensor, size: int) -> Tensor:
    """The class of each entry of a list with ``count (C,)`` entries a class, ``(size,)``."""
    return torch.repeat_interleave(count, output_size=size)


def begins(count: Tensor) -> Tensor:
    """Where each class begins in a list with ``count (C,)`` entries a class, ``(C,)``."""
    return count.cumsum(0) - count


def _count_placed(place: Tensor, owner: Tensor, count: Tensor, entry_class: Tensor) -> Tensor:
    """Of the items of its own class, how many have a place up to each entry's own, ``(m,)``.

    Args:
        place: ``(n,)`` int64, entries of the item's class that stand above it.
        owner: ``(n,)`` int64, the item's class.
        count: ``(C,)`` int64, entries a class.
        entry_class: ``(m,)`` int64, the entry's class.
    """
    size = len(entry_class)
    through = torch.bincount(begins(count).index_select(0, owner) + place, minlength=size + 1)[:size].cumsum(
        0
    )
    earlier = begins(torch.bincount(owner, minlength=len(count)))  # items of earlier classes
    return through - earlier.index_select(0, entry_class)


def _by_levels(lists: SortedScores) -> Tensor:
    """Narrow the range in which each answer lies a level at a time, from all its class's places to one.

    Positives with the same range, from ``low`` up, are a run, ``[first, last]``. The places of a few
    negatives spread over the range cut the run: the positives from a cut on have that negative, and so all
    higher ones, above them.
    """
    s, count = lists.positives, lists.positive_count
    owner, index = lists.positive_class, torch.arange(len(s), device=s.device)
    first = begins(count).index_select(0, owner)
    rank, last = (index - first + 1).double(), first + count.index_select(0, owner) - 1
    terms = Terms(*(term.index_select(0, owner) for term in class_terms(count, lists.slope)))
    most = lists.negative_count.index_select(0, owner)
    before = begins(lists.negative_count).index_select(0, owner) - 1
    low = torch.zeros_like(index)
    for steps in _levels(lists):
        place = torch.minimum(low + steps, most)  # (n, S); twice the last negative is no harm
        gain = pair_gain(rank, place.double(), lists.negatives.take(before + place) - s, terms)
        cut = _cut_runs(gain, index, first, last)
        above = index >= cut
        low = torch.where(above, place, low).amax(0)
        first = torch.where(above, cut, first).amax(0)
        last = torch.where(above, last, cut - 1).min(0).values  # 25 times faster than amin on a CPU
    return low


def _levels(lists: SortedScores) -> Iterator[Tensor]:
    """How far above the low end of a range the negatives stand that a level looks at, ``(n, 1)``.

    The middle one where there are many positives; where there are few, more: a level then costs the same.
    """
    device = lists.positives.device
    pairs = CPU_PAIRS if device.type == "cpu" else DEVICE_PAIRS
    halvings = max(1, (pairs // len(lists.positives) + 1).bit_length() - 1)
    left = int(lists.negative_count.max()).bit_length()
    while left:
        now = min(halvings, left)
        left -= now
        yield torch.arange(1, 1 << now, device=device).unsqueeze(1) << left


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
    owner = lists.negative_class[chosen]
    length, positive = lists.positive_count[owner], begins(lists.positive_count)[owner]
    j = (chosen - begins(lists.negative_count)[owner] + 1).double()
    row = torch.repeat_interleave(length)  # (pairs,) which of the chosen
    index = torch.arange(len(row), device=row.device)
    start = begins(length)
    first = start[row]
    rank = index - first
    difference = lists.negatives[chosen][row] - lists.positives[positive[row] + rank]
    terms = Terms(*(term[owner[row]] for term in class_terms(lists.positive_count, lists.slope)))
    gain = pair_gain(rank.double() + 1, j[row], difference, terms)
    cut = _cut_runs(gain, index, first, first + length[row] - 1)
    return _count_placed(cut[start] - start, owner, lists.positive_count, lists.positive_class)


def _cut_runs(gain: Tensor, index: Tensor, first: Tensor, last: Tensor) -> Tensor:
    """First positive of the best tail of each run, told to every member; past the end for an empty tail.

    The best tail is what the lowest prefix leaves; of equal ones the shortest. Prefixes run on from run to
    run and may wrap around 2^64: only differences inside a run are used, and these fit.
    """
    through, run = gain.cumsum(-1), first.expand_as(gain)
    before = through - gain
    start = before.gather(-1, run)
    prefix, whole = before - start, through.gather(-1, last.expand_as(gain)) - start
    with _integers_commute():
        lowest = prefix.scatter_reduce(-1, run, prefix, "amin").gather(-1, run)
        candidate = torch.where(prefix == lowest, index, first)
        latest = index.expand_as(gain).scatter_reduce(-1, run, candidate, "amax").gather(-1, run)
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
    "auto": _by_levels,
    "levels": _by_levels,
    "dense": _dense,
    "greedy": _greedy,
}
