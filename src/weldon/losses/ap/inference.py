"""Loss-augmented inference of average precision: the loss of each class and how each score moves it.

Exact, for every class of a batch or of a whole set at once, in ``O(N log N)``; no compiled code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.losses.ap.batch import UNKNOWN, LabelledScores
from weldon.losses.ap.interleaving import (
    SortedScores,
    begins,
    count_negatives_above,
    count_positives_above,
    owners,
)
from weldon.losses.ap.square import square_moves

SHORT = 128  # rows up to here are sorted before their bits are turned
WIDE_KEY_LENGTH = 16_384  # up to here one sort of 64 bits is the faster one, 2 to 4 times
RADIX_LENGTH = 32_768  # shortest row that PyTorch's CPU radix sort takes, and it takes one at a time

_INTEGER = {torch.float32: torch.int32, torch.float64: torch.int64}


def sort_descending(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Sort each row from the highest score down; equal scores keep their order.

    Args:
        scores: ``(C, N)`` float of any width, no NaN.

    Returns:
        The sorted scores ``(C, N)``, float32 or wider, and where each came from, ``(C, N)`` int64.

    Example:
        >>> sort_descending(torch.tensor([[1.0, -2.0, 3.0]]))
        (tensor([[ 3.,  1., -2.]]), tensor([[2, 0, 1]]))
    """
    wide = (
        scores.to(torch.promote_types(scores.dtype, torch.float32)) + 0.0
    )  # -0.0 becomes 0.0: they are equal
    if wide.shape[1] < SHORT:
        ordered, place = wide.sort(dim=1, descending=True, stable=True)
        return ordered, place
    keys = ~_in_order(wide.view(_INTEGER[wide.dtype]))
    if keys.device.type == "cpu" and keys.dtype == torch.int32 and keys.shape[1] < WIDE_KEY_LENGTH:
        order = _order_with_places(keys)
    else:
        order = _order_ascending(keys)
    return wide.gather(1, order), order


def _in_order(bits: Tensor) -> Tensor:
    """Float bits as integers in the order of the floats."""
    info = torch.iinfo(bits.dtype)
    return bits ^ ((bits >> (info.bits - 1)) & info.max)


def _order_with_places(keys: Tensor) -> Tensor:
    """Sort keys of 32 bits and their places as one number: no two are equal, and numpy sorts in vectors."""
    wide = (keys.to(torch.int64) << 32) | torch.arange(keys.shape[1])
    wide.numpy().sort(axis=1)  # in place
    return wide & 0xFFFFFFFF


def _order_ascending(keys: Tensor) -> Tensor:
    if keys.device.type != "cpu" or keys.shape[1] < RADIX_LENGTH:
        return keys.argsort(dim=1, stable=True)
    return torch.stack([key.argsort(stable=True) for key in keys])


Method = Literal["auto", "dense", "levels", "greedy"]

SQUARE_CELLS = 1 << 22  # pairs, eight bytes each: 64 images x 80 classes are 330,000
CPU_CELLS, DEVICE_CELLS = 1 << 20, 1 << 26  # scores ranked together; no class depends on its neighbours


@dataclass(frozen=True, slots=True)
class RankingOptions:
    """How rankings are scored and found; see :func:`average_precision_inference`.

    Raises:
        UsageError: a scale or method that does not exist.
    """

    normalize: bool = True
    scale: float = 1.0
    method: Method = "auto"

    def __post_init__(self) -> None:
        if not 0 < self.scale < float("inf"):
            raise UsageError(f"`scale` must be above 0 and finite, got {self.scale}")
        if self.method not in get_args(Method):
            raise UsageError(f"`method` must be one of {', '.join(get_args(Method))}, got {self.method!r}")


class RankingInference(NamedTuple):
    """What :func:`average_precision_inference` returns."""

    loss: Tensor
    coefficients: Tensor


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
            little memory), or ``"auto"``, which is levels: few for small batches. They find the same ranking.

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
    options = RankingOptions(normalize=normalize, scale=scale, method=method)
    return rank_classes(LabelledScores.of(scores, target, mask), options)


@torch.no_grad()
def rank_classes(rows: LabelledScores, options: RankingOptions) -> RankingInference:
    """Do the work of :func:`average_precision_inference`, on rows already checked."""
    device = rows.scores.device
    scores, label = (part.to("cpu").t() if device.type == "mps" else part.t() for part in rows)  # (C, N)
    coefficients = torch.empty_like(rows.scores, device=scores.device, memory_format=torch.contiguous_format)
    loss = coefficients.new_empty(len(scores))
    for part in _class_blocks(scores):
        found = _infer(scores[part].contiguous(), label[part].contiguous(), options)
        loss[part], coefficients.t()[part] = found
    return RankingInference(loss.to(device), coefficients.to(device))


def _class_blocks(rows: Tensor) -> Iterator[slice]:
    """Blocks of classes small enough for a processor's cache, or an accelerator's memory."""
    cells = CPU_CELLS if rows.device.type == "cpu" else DEVICE_CELLS
    step = max(1, cells // max(1, rows.shape[1]))
    return (slice(start, start + step) for start in range(0, rows.shape[0], step))


def _infer(scores: Tensor, label: Tensor, options: RankingOptions) -> tuple[Tensor, Tensor]:
    """Losses ``(C,)`` and coefficients ``(C, N)``, float64, from rows of scores and labels ``(C, N)``."""
    unknown = label == UNKNOWN
    broken = (scores - scores).masked_fill_(unknown, 0.0).sum(1, keepdim=True)  # (C, 1) NaN, or else 0
    usable = scores.masked_fill(unknown, 0.0).nan_to_num_(nan=0.0, posinf=0.0, neginf=0.0)
    ordered, order = sort_descending(usable)  # (C, N)
    wide, ranked = ordered.double(), label.gather(1, order)
    count, other = (ranked == 1).sum(1), (ranked == 0).sum(1)
    pairs = count.double() * other
    step = 2 * options.scale / (pairs.clamp(min=1) if options.normalize else torch.ones_like(pairs))
    if options.method == "auto" and _is_square(wide):
        moves, added = square_moves(wide, ranked, step * count)
    else:
        moves, added = _listed_moves(wide, ranked, step * count, options)
    by_rank = moves * (step.unsqueeze(1) + broken)  # (C, N)
    coefficients = torch.empty_like(by_rank).scatter_(1, order, by_rank)
    return (by_rank * wide + added).sum(1), coefficients.masked_fill_(unknown, 0.0)


def _is_square(ordered: Tensor) -> bool:
    """Whether all pairs of all classes fit in a square, on a device where fewer operations are faster."""
    return ordered.device.type != "cpu" and ordered.numel() * ordered.shape[1] <= SQUARE_CELLS


def _listed_moves(
    ordered: Tensor, label: Tensor, slope: Tensor, options: RankingOptions
) -> tuple[Tensor, Tensor]:
    """What :func:`square_moves` returns, by lists of the positives and the negatives of all classes."""
    positive, negative, count, other = _split(label)
    flat = ordered.flatten()
    lists = SortedScores(
        flat.index_select(0, positive),
        flat.index_select(0, negative),
        owners(count, len(positive)),
        owners(other, len(negative)),
        count,
        other,
        slope,
    )
    above = count_negatives_above(lists, options.method)  # (S,)
    up, down = _moves(above, lists)
    moves = torch.zeros_like(flat).scatter_(0, positive, up).scatter_(0, negative, down)
    added = torch.zeros_like(flat).scatter_(0, positive, _precision_loss(above, lists))
    return moves.view_as(ordered), added.view_as(ordered)


def _split(label: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Where the positives ``(S,)`` and negatives ``(T,)`` are, and how many of them a class has, ``(C,)``.

    Classes that have not both are left out.
    """
    positive, negative = label == 1, label == 0
    count, other = positive.sum(1), negative.sum(1)
    both = (count > 0) & (other > 0)  # (C,)
    usable = both.unsqueeze(1)
    return _places(positive & usable), _places(negative & usable), count * both, other * both


def _places(cells: Tensor) -> Tensor:
    """Which of the cells ``(C, N)`` are True, counted row after row, ``(S,)``."""
    return cells.flatten().nonzero().squeeze(1)


def _moves(above: Tensor, lists: SortedScores) -> tuple[Tensor, Tensor]:
    """By how many places the ranking found moves each positive up, ``(S,)``, and each negative, ``(T,)``.

    The true ranking is the measure; examples with equal scores share the mean. These are the coefficients but
    for the step.
    """
    owner, other = lists.positive_class, lists.negative_class
    below = lists.positive_count.index_select(0, other) - count_positives_above(above, lists)
    return _average_ties(-above, lists.positives, owner), _average_ties(below, lists.negatives, other)


def _average_ties(values: Tensor, scores: Tensor, owner: Tensor) -> Tensor:
    """Mean of the integer values over neighbours of one class with equal scores, float64."""
    new = torch.ones_like(scores, dtype=torch.bool)
    new[1:] = (scores[1:] != scores[:-1]) | (owner[1:] != owner[:-1])
    if new.all():
        return values.double()
    first = new.nonzero().squeeze(1)
    size = torch.diff(first, append=first.new_tensor([len(values)]))
    total = torch.diff(values.cumsum(0)[first + size - 1], prepend=values.new_zeros(1))
    return torch.repeat_interleave(total / size.double(), size, output_size=len(values))


def _precision_loss(above: Tensor, lists: SortedScores) -> Tensor:
    """What each positive adds to one less the average precision, ``a / (P (k + a))``, ``(S,)``."""
    owner, count = lists.positive_class, lists.positive_count
    rank = torch.arange(1, len(above) + 1, device=above.device) - begins(count).index_select(0, owner)
    return above / ((rank + above) * count.index_select(0, owner)).double()
