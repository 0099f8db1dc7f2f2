"""Select the highest and the lowest regions of each class, in the way that is fastest where they lie.

Three ways give the same scores:

- ``sorted``: one sort serves both ends. On a CPU numpy sorts, whose vector instructions make it 3 to 20 times
  faster than ``topk`` or a partition of each end (``docs/speed.md``); of a few numbers it does all of it
  (:mod:`weldon.pooling.highest_lowest_few`).
- ``kernel``: on a CUDA device with Triton, both ends of a row at once
  (:mod:`weldon.pooling.highest_lowest_kernel`).
- ``topk``: in a compiled or exported graph, and for a few of very many regions on a CPU.

Where equal scores stand at the edge of what is selected, ``sorted`` and ``kernel`` take the first of them in
reading order; ``topk`` takes any.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from weldon.pooling.count import Count
from weldon.pooling.highest_lowest_few import FEW_DTYPES, add_few
from weldon.pooling.max_average import average_weights, mean_of_regions
from weldon.pooling.regions import accumulation_dtype, fill_padding, resolve_count

Way = Literal["sorted", "kernel", "topk"]

SMALL = 1 << 13  # numbers up to which the calls take longer than the work: numpy's are the shorter ones
LONG_ROW, FEW = 512, 64  # from here on ``topk`` of one region in 64 scans a row without sorting it
KERNEL_REGIONS = 1 << 14  # what the registers of one program hold


class Ends(NamedTuple):
    """What is selected of each class: the counts of both ends, and how much the low end weighs."""

    k_max: Count
    k_min: Count
    alpha: float = 1.0

    @property
    def weights(self) -> tuple[float, float]:
        """Of the mean of the highest and of the lowest regions in the score."""
        return (1.0, 0.0) if self.k_min == 0 else (0.5, self.alpha / 2)


def add_evidence(
    regions: Tensor, real: Tensor | None, k_max: Count, k_min: Count, alpha: float = 1.0
) -> Tensor:
    """Half the sum of the top mean and ``alpha`` low means; the top mean alone at ``k_min = 0``.

    Args:
        regions: ``(N, C, R)`` float.
        real: ``(N, R)`` bool, True on real regions; None means all are real.
        k_max: regions of the top mean.
        k_min: regions of the low mean; 0 for none.
        alpha: weight of the low mean.

    Returns:
        ``(N, C)``, float32 or wider.
    """
    ends = Ends(k_max, k_min, alpha)
    way = choose_way(regions, ends)
    if way == "topk":
        return _add_by_topk(regions, real, ends)
    if way == "kernel":
        from weldon.pooling.highest_lowest_kernel import select_ends

        return select_ends(regions, real, ends)
    return select_by_sort(regions, real, ends)


def select_by_sort(regions: Tensor, real: Tensor | None, ends: Ends) -> Tensor:
    """Do what :func:`add_evidence` says by sorting each row once."""
    few = real is None and regions.numel() <= SMALL and regions.device.type == "cpu"
    if few and regions.dtype in FEW_DTYPES:
        return add_few(regions, ends)
    score: Tensor = _SortedEnds.apply(regions, real, ends)
    return score


def evidence_weights(
    regions: Tensor, real: Tensor | None, k_max: Count, k_min: Count, alpha: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Weights of the regions in the top and in the low term of :func:`add_evidence`, both ``(N, C, R)``."""
    ends = Ends(k_max, k_min, alpha)
    if choose_way(regions, ends) == "topk":
        counts = ((k_max, True), (k_min, False))
        shares = [_topk_shares(regions, real, k, largest=largest) for k, largest in counts if k != 0]
    else:
        one = torch.ones((), dtype=accumulation_dtype(regions), device=regions.device)
        edges = _sort_ends(regions, real, ends)[1]
        shares = [_share(regions, real, edge, one / edge.regions) for edge in edges]
    terms = [share * weight for share, weight in zip(shares, ends.weights, strict=False)]
    return (terms[0], terms[1]) if len(terms) > 1 else (terms[0], torch.zeros_like(terms[0]))


def choose_way(regions: Tensor, ends: Ends) -> Way:
    """The way that is fastest for regions of this size where they lie."""
    if torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export():
        return "topk"
    if regions.device.type == "cuda":
        return "kernel" if regions.shape[-1] <= KERNEL_REGIONS and _has_triton() else "sorted"
    if regions.device.type != "cpu" or type(regions) not in (Tensor, torch.nn.Parameter):
        return "topk"
    count = regions.shape[-1]
    if count < LONG_ROW:
        return "sorted"
    most = max(resolve_count(k, count) for k in (ends.k_max, ends.k_min) if k != 0)
    return "topk" if most * FEW <= count else "sorted"


@cache
def _has_triton() -> bool:
    return find_spec("triton") is not None


class _Edge(NamedTuple):
    """Where one end stops.

    ``regions`` it takes, the ``score (N, C, 1)`` of the last of them, and whether ``more`` of that score may
    stand there than it takes.
    """

    regions: int | Tensor
    score: Tensor
    largest: bool
    more: bool


class _SortedEnds(torch.autograd.Function):
    """The score from one sort; the regions that were taken are found again for the gradient."""

    @staticmethod
    def forward(ctx: Any, regions: Tensor, real: Tensor | None, ends: Ends) -> Tensor:
        means, ctx.edges = _sort_ends(regions, real, ends)
        ctx.save_for_backward(regions, real)
        ctx.weights = ends.weights
        top = means[0] * ends.weights[0]
        return top if len(means) == 1 else top.add(means[1], alpha=ends.weights[1])

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        regions, real = ctx.saved_tensors
        parts = [
            _share(regions, real, edge, upstream.unsqueeze(-1) * (weight / edge.regions))
            for edge, weight in zip(ctx.edges, ctx.weights, strict=False)
        ]
        slope = parts[0] if len(parts) == 1 else parts[0] + parts[1]
        return slope.to(regions.dtype), None, None


def _sort_ends(regions: Tensor, real: Tensor | None, ends: Ends) -> tuple[list[Tensor], list[_Edge]]:
    """Mean of each end, ``(N, C)``, and its edge; padding stands behind all real regions and is not read."""
    ordered = _ascending(regions, real)
    present = regions.shape[-1] if real is None else real.sum(dim=-1)[:, None, None]  # (N, 1, 1)
    means, edges = [], []
    for k, largest in ((ends.k_max, True), (ends.k_min, False)):
        if k != 0:
            count = resolve_count(k, present)
            first = present - count if largest else present - present
            means.append(_mean_of_ranks(ordered, first, count))
            last, behind = (first, first - 1) if largest else (count - 1, count)
            score, inside = _at_rank(ordered, last), (behind >= 0) & (behind < present)
            equal = (score == _at_rank(ordered, behind)) & inside
            edges.append(_Edge(count, score, largest, more=score.device.type != "cpu" or bool(equal.any())))
    return means, edges


def _ascending(regions: Tensor, real: Tensor | None) -> Tensor:
    """Sort each row upwards in float32 or wider; NaN, which padding becomes here, comes last."""
    wide = regions.detach().to(accumulation_dtype(regions))
    wide = fill_padding(wide, real, torch.nan)
    if wide.device.type != "cpu":
        return wide.sort(dim=-1).values
    if wide.data_ptr() == regions.data_ptr() or not wide.is_contiguous():
        wide = wide.clone(memory_format=torch.contiguous_format)
    wide.numpy().sort(axis=-1)  # in place
    return wide


def _mean_of_ranks(ordered: Tensor, first: int | Tensor, count: int | Tensor) -> Tensor:
    """Mean of ``count`` neighbours in the order, from the rank ``first`` on: ``(N, C)``."""
    if isinstance(first, int) or isinstance(count, int):
        return ordered[..., first : first + count].mean(dim=-1)
    ranks = torch.arange(ordered.shape[-1], device=ordered.device)
    used = (ranks >= first) & (ranks < first + count)  # (N, 1, R)
    return ordered.masked_fill(~used, 0.0).sum(dim=-1) / count.squeeze(-1)


def _at_rank(ordered: Tensor, rank: int | Tensor) -> Tensor:
    """The scores at a rank, the nearest there is, ``(N, C, 1)``."""
    last = ordered.shape[-1] - 1
    if isinstance(rank, int):
        return ordered[..., min(max(rank, 0), last), None].clone()  # the rest of the order is not kept
    return ordered.gather(-1, rank.clamp(0, last).expand(*ordered.shape[:2], 1))


def _share(regions: Tensor, real: Tensor | None, edge: _Edge, share: Tensor) -> Tensor:
    """``share (N, 1 or C, 1)`` on the regions that an end takes, 0 on all others: ``(N, C, R)``."""
    return torch.where(_taken(regions, real, edge), share, 0.0)


def _taken(regions: Tensor, real: Tensor | None, edge: _Edge) -> Tensor:
    """Which regions an end takes, ``(N, C, R)`` bool: those beyond the edge, and the first ones at it."""
    reached = regions >= edge.score if edge.largest else regions <= edge.score
    if real is not None:
        reached &= real.unsqueeze(1)
    if not edge.more:
        return reached
    equal = reached & (regions == edge.score)
    beyond = reached ^ equal
    left = edge.regions - beyond.sum(dim=-1, keepdim=True)  # (N, C, 1)
    return beyond | (equal & (equal.cumsum(dim=-1) <= left))


def _add_by_topk(regions: Tensor, real: Tensor | None, ends: Ends) -> Tensor:
    top = _topk_mean(regions, real, ends.k_max, largest=True)
    if ends.k_min == 0:
        return top
    return (top + ends.alpha * _topk_mean(regions, real, ends.k_min, largest=False)) / 2


def _topk_mean(regions: Tensor, real: Tensor | None, k: Count, *, largest: bool) -> Tensor:
    """Mean of the ``k`` highest or lowest real regions: ``(N, C, R)`` to ``(N, C)``, float32 or wider."""
    if k == "all":
        return mean_of_regions(regions, real)
    values, _ = _topk(regions, real, k, largest=largest)  # (N, C, K)
    if real is None:
        return values.mean(dim=-1, dtype=accumulation_dtype(regions))
    shares = _rank_shares(values, real, k)  # (N, 1, K)
    return (values.masked_fill(shares == 0, 0.0) * shares).sum(dim=-1)


def _topk_shares(regions: Tensor, real: Tensor | None, k: Count, *, largest: bool) -> Tensor:
    """Weight of each region in :func:`_topk_mean`: ``(N, C, R)``, float32 or wider."""
    if k == "all":
        return average_weights(regions, real)
    values, indices = _topk(regions, real, k, largest=largest)  # (N, C, K)
    dtype = accumulation_dtype(regions)
    if real is None:
        shares = torch.full_like(values, 1 / values.shape[-1], dtype=dtype)
    else:
        shares = _rank_shares(values, real, k).expand(values.shape)
    return torch.zeros_like(regions, dtype=dtype).scatter(-1, indices, shares)


def _topk(regions: Tensor, real: Tensor | None, k: Count, *, largest: bool) -> tuple[Tensor, Tensor]:
    """One topk at the largest ``k`` an image can have; padding ranks behind every real region."""
    ranked = fill_padding(regions, real, -torch.inf if largest else torch.inf)
    count = resolve_count(k, regions.shape[-1])
    values, indices = ranked.topk(count, dim=-1, largest=largest, sorted=real is not None)
    return values, indices


def _rank_shares(values: Tensor, real: Tensor, k: Count) -> Tensor:
    """1/k on an image's own first k ranks, 0 on the ranks it does not use: ``(N, 1, K)``."""
    present = real.sum(dim=-1)  # (N,)
    count = torch.minimum(resolve_count(k, present), present)[:, None, None]
    used = torch.arange(values.shape[-1], device=values.device) < count  # (N, 1, K)
    return used.to(accumulation_dtype(values)) / count
