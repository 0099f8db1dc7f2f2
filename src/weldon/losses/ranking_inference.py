"""Loss-augmented inference of average precision: the loss of each class and how each score moves it.

Exact, for every class of a batch or of a whole set at once, in ``O(N log N)``; no compiled code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from weldon.losses.descending import sort_descending
from weldon.losses.interleaving import SortedScores, count_negatives_above
from weldon.losses.ranking_checks import Method, check_ranking, check_ranking_options

DENSE_PAIRS = 16_384  # at most so many cells (classes x longest lists) for the form that looks at every pair
CPU_CELLS, DEVICE_CELLS = 1 << 20, 1 << 26  # scores ranked together; no class depends on its neighbours


class RankingInference(NamedTuple):
    """What :func:`average_precision_inference` returns."""

    loss: Tensor
    coefficients: Tensor


@torch.no_grad()
def average_precision_inference(
    scores: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    normalize: bool = True,
    scale: float = 1.0,
    method: Method = "auto",
) -> RankingInference:
    r"""Find the most violating ranking of each class: its loss, and the gradient of that loss.

    .. math::
        \ell = \max_y \left[ 1 - AP(y) + s(y) \right] - s(y^*), \qquad
        s(y) = \frac{\text{scale}}{P N} \sum_{p, n} y_{pn} (s_p - s_n)

    With ``a_k`` negatives above positive ``k`` and ``r_j`` positives above negative ``j`` in the ranking
    found, the coefficients are :math:`-2 a_k / (P N)` and :math:`2 (P - r_j) / (P N)` (times ``scale``). They
    add up to 0 in a class, and :math:`\ell = \frac1P \sum_k \frac{a_k}{k + a_k} + \sum_i c_i s_i`.

    Paper: Eq. 12 to 14 and Proposition 1. Eq. 12 prints no 1/(PN), every implementation has it.

    Args:
        scores: ``(N, C)`` float, any real; wide inside whatever the dtype.
        target: ``(N, C)``, any dtype, 1 where the class is present and 0 where it is absent.
        mask: ``(N, C)`` bool, True on known cells; None means all are known. Unknown cells may hold anything.
        normalize: divide the ranking score by ``P N``; False takes Eq. 12 to the letter.
        scale: factor on the ranking score, above 0. The margin at which the loss is 0 shrinks by it.
        method: ``"levels"`` (``P log N``), ``"dense"`` (all pairs at once), ``"greedy"`` (Yue's ``P N``, in
            little memory), or ``"auto"``: dense for the smallest batches, else levels. They find the same
            ranking.

    Returns:
        ``loss (C,)`` and ``coefficients (N, C)``, the gradient of each loss by its column of scores, both
        float32 or wider and detached. Examples of one class with equal labels and scores share the mean of
        their coefficients. A class without positives or without negatives has loss 0 and coefficients 0; a
        class with a NaN or infinite known score has NaN for both.

    Raises:
        UsageError: shapes, dtypes or values that do not fit (among them a known target other than 0 and 1).

    Example:
        >>> scores, target = torch.tensor([[0.0], [0.25]]), torch.tensor([[1], [0]])
        >>> loss, coefficients = average_precision_inference(scores, target)
        >>> loss  # the wrong order costs 1/2, and its score is higher by 2 * 0.25
        tensor([1.])
        >>> coefficients
        tensor([[-2.],
                [ 2.]])
    """
    known = check_ranking(scores, target, mask)
    check_ranking_options(scale=scale, method=method)
    wide = torch.promote_types(scores.dtype, torch.float32)
    home = "cpu" if scores.device.type == "mps" else scores.device  # no float64 there
    label = (target == 1).to(torch.uint8).masked_fill_(~known, 2)  # 2 for unknown
    rows, labels = scores.detach().to(home).t(), label.to(home).t()  # (C, N)
    loss = torch.empty(rows.shape[0], dtype=wide, device=home)
    coefficients = torch.empty_like(scores, dtype=wide, device=home, memory_format=torch.contiguous_format)
    for part in _class_blocks(rows):
        loss[part], coefficients.t()[part] = _infer(
            rows[part].contiguous(),
            labels[part].contiguous(),
            normalize=normalize,
            scale=scale,
            method=method,
        )
    return RankingInference(loss.to(scores.device), coefficients.to(scores.device))


def _class_blocks(rows: Tensor) -> Iterator[slice]:
    """Blocks of classes small enough for a processor's cache, or an accelerator's memory."""
    cells = CPU_CELLS if rows.device.type == "cpu" else DEVICE_CELLS
    step = max(1, cells // max(1, rows.shape[1]))
    return (slice(start, start + step) for start in range(0, rows.shape[0], step))


def _infer(
    scores: Tensor, label: Tensor, *, normalize: bool, scale: float, method: str
) -> tuple[Tensor, Tensor]:
    """Losses ``(C,)`` and coefficients ``(C, N)``, float64, from rows of scores and labels ``(C, N)``."""
    known, unusable = label < 2, ~torch.isfinite(scores)
    ordered, order = sort_descending(scores.masked_fill(unusable | ~known, 0.0))  # (C, N)
    positive, negative = _split(label.gather(1, order))
    count, other = positive.sum(1), negative.sum(1)  # (C,)
    pairs = (count.double() * other).clamp(min=1)
    step = 2 * scale / (pairs if normalize else torch.ones_like(pairs))
    lists = SortedScores(ordered[positive], ordered[negative], count, other, step * count)
    above = count_negatives_above(lists, _choose(method, count, other))  # (S,)
    by_rank = torch.zeros_like(ordered, dtype=torch.float64)
    by_rank[positive] = _average_ties(-above, lists.positives, count)
    by_rank[negative] = _average_ties(_positives_below(above, lists), lists.negatives, other)
    by_rank *= step.unsqueeze(1)
    loss = _precision_loss(above, positive, count) + (by_rank * ordered).sum(1)
    coefficients = torch.zeros_like(by_rank).scatter_(1, order, by_rank)
    broken, nan = (unusable & known).any(1, keepdim=True), float("nan")  # (C, 1)
    return loss.masked_fill(broken[:, 0], nan), coefficients.masked_fill(broken & known, nan)


def _split(label: Tensor) -> tuple[Tensor, Tensor]:
    """Where the positives and the negatives are, ``(C, N)``; none in a class that has not both."""
    positive, negative = label == 1, label == 0
    both = positive.any(1, keepdim=True) & negative.any(1, keepdim=True)  # (C, 1)
    return positive & both, negative & both


def _choose(method: str, count: Tensor, other: Tensor) -> str:
    if method != "auto":
        return method
    cells = count.numel() * int(count.max()) * int(other.max())
    return "dense" if cells <= DENSE_PAIRS else "levels"


def _positives_below(above: Tensor, lists: SortedScores) -> Tensor:
    """How many positives of its class each negative stands above, ``(T,)``."""
    size = len(lists.negatives)
    begin = lists.negative_count.cumsum(0) - lists.negative_count  # (C,) first negative of each class
    passed = above + torch.repeat_interleave(begin, lists.positive_count, output_size=len(above))
    through = torch.bincount(passed, minlength=size + 1)[:size].cumsum(0)  # counts all earlier classes too
    end = lists.positive_count.cumsum(0)
    return torch.repeat_interleave(end, lists.negative_count, output_size=size) - through


def _average_ties(values: Tensor, scores: Tensor, count: Tensor) -> Tensor:
    """Mean of the integer values over examples of one class with equal, sorted scores, float64."""
    new = torch.ones_like(scores, dtype=torch.bool)
    new[1:] = scores[1:] != scores[:-1]
    starts = count.cumsum(0) - count
    new[starts[starts < len(scores)]] = True
    begin = new.nonzero().squeeze(1)
    if len(begin) == len(values):
        return values.double()
    size = torch.diff(begin, append=begin.new_tensor([len(values)]))
    total = torch.diff(values.cumsum(0)[begin + size - 1], prepend=values.new_zeros(1))
    return torch.repeat_interleave(total / size.double(), size, output_size=len(values))


def _precision_loss(above: Tensor, positive: Tensor, count: Tensor) -> Tensor:
    """One less the average precision of the ranking found, ``(C,)``: the mean of ``a / (k + a)``."""
    begin = torch.repeat_interleave(count.cumsum(0) - count, count, output_size=len(above))
    rank = torch.arange(1, len(above) + 1, device=above.device) - begin
    share = torch.zeros_like(positive, dtype=torch.float64)  # (C, N)
    share[positive] = above / (rank + above).double()
    return share.sum(1) / count.clamp(min=1)
