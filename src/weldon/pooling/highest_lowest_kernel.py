"""Find the highest and the lowest regions of each class in one pass over a CUDA device's memory, with Triton.

One program holds the regions of one class of one image in registers. It turns each score into a whole number
of the same order and finds the edges of both ends a bit at a time, from the highest bit down: a bit is set
where the end would still be full. Nothing is sorted. The gradient reads the scores once more.

In Triton's interpreter (``TRITON_INTERPRET=1``) the same code runs on a CPU, slowly; the tests do that.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

from weldon.pooling.count import MOST, Count
from weldon.pooling.highest_lowest import Ends
from weldon.pooling.regions import SHARE_STEPS, accumulation_dtype

_STEPS = tl.constexpr(SHARE_STEPS)
_EDGE_VALUES = 6  # key, last place and count of the high end, then of the low end
_COUNTS = ["k_max", "share_max", "k_min", "share_min"]  # no new compilation for each


def select_ends(regions: Tensor, real: Tensor | None, ends: Ends) -> Tensor:
    """Do what :func:`weldon.pooling.highest_lowest.add_evidence` says: ``(N, C, R)`` to ``(N, C)``.

    Args:
        regions: float16, bfloat16, float32 or float64, at most ``extremes.KERNEL_REGIONS`` regions.
        real: ``(N, R)`` bool or None.
        ends: what to select. Of equal scores at an edge, the first in reading order are taken.
    """
    score: Tensor = _SelectedEnds.apply(regions, real, ends)
    return score


class _SelectedEnds(torch.autograd.Function):
    """Score and edges in one kernel, the gradient from the edges in another."""

    @staticmethod
    def forward(ctx: Any, regions: Tensor, real: Tensor | None, ends: Ends) -> Tensor:
        regions = regions.contiguous()
        real = None if real is None else real.contiguous()
        shape, bits = regions.shape[:2], 8 * regions.element_size()
        score = torch.empty(shape, dtype=accumulation_dtype(regions), device=regions.device)
        whole = torch.int64 if bits == 64 else torch.int32
        edges = torch.empty(*shape, _EDGE_VALUES, dtype=whole, device=regions.device)
        k_max, k_min = _count_and_share(ends.k_max), _count_and_share(ends.k_min)
        _launch(_select, regions, real, ends, (score, edges), (*k_max, *k_min))
        ctx.save_for_backward(regions, real, edges)
        ctx.ends = ends
        return score

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        regions, real, edges = ctx.saved_tensors
        slope = torch.empty_like(regions)
        _launch(_slopes, regions, real, ctx.ends, (upstream.contiguous(), edges, slope), ())
        return slope, None, None


def _count_and_share(k: Count) -> tuple[int, int]:
    """A count, and 0; or 0, and a share in steps."""
    if isinstance(k, str):
        return MOST, 0
    return (k, 0) if isinstance(k, int) else (0, max(1, round(k * SHARE_STEPS)))


def _launch(
    kernel: Any,
    regions: Tensor,
    real: Tensor | None,
    ends: Ends,
    tensors: tuple[Tensor, ...],
    counts: tuple[int, ...],
) -> None:
    images, classes, count = regions.shape
    if images * classes == 0:
        return
    block = triton.next_power_of_2(count)
    with torch.cuda.device(regions.get_device()):  # -1, the processor's, changes nothing
        kernel[(images * classes,)](
            *(regions, regions if real is None else real, *tensors, classes, count, *counts),
            W_MAX=ends.weights[0],
            W_MIN=ends.weights[1],
            BITS=8 * regions.element_size(),
            BLOCK=block,
            MASKED=real is not None,
            LOW=ends.k_min != 0,
            num_warps=max(1, min(16, block // 512)),
        )


@triton.jit
def _load_row(regions, real, row, classes, count, BLOCK: tl.constexpr, MASKED: tl.constexpr):
    """The scores of a row, which of them are real, and their places."""
    place = tl.arange(0, BLOCK)
    valid = place < count
    if MASKED:
        valid = valid & (tl.load(real + (row // classes) * count + place, mask=valid, other=0) != 0)
    return tl.load(regions + row * count + place, mask=valid, other=0.0), valid, place


@triton.jit
def _keys(scores, BITS: tl.constexpr):
    """Whole numbers in the order of the scores; both zeros are equal and NaN is above all."""
    if BITS == 16:
        word, value = scores.to(tl.int16, bitcast=True).to(tl.int32), scores.to(tl.float32)
    elif BITS == 32:
        word, value = scores.to(tl.int32, bitcast=True), scores
    else:
        word, value = scores.to(tl.int64, bitcast=True), scores
    highest: tl.constexpr = (1 << (BITS - 1)) - 1
    key = word ^ ((word >> (BITS - 1)) & highest)
    return tl.where(value == 0, 0, tl.where(value != value, highest, key))


@triton.jit
def _resolve(k, share, present):
    """A count or share of the regions that are present, as ``weldon.pooling.regions.resolve_count`` says."""
    of_share = (2 * share * present.to(tl.int64) + _STEPS) // (2 * _STEPS)
    wanted = tl.where(share > 0, tl.maximum(of_share, 1), k)
    return tl.minimum(wanted, present).to(tl.int32)


@triton.jit
def _find_edges(key, valid, k_max, k_min, BITS: tl.constexpr):
    """Keys of the k_max-th highest and of the k_min-th lowest region."""
    high = tl.full((), -(1 << (BITS - 1)), key.dtype)
    low = high
    bit = tl.full((), 1, key.dtype)
    for step in range(BITS):
        next_high, next_low = high + (bit << (BITS - 1 - step)), low + (bit << (BITS - 1 - step))
        reached = (valid & (key >= next_high)).to(tl.int32)
        below = (valid & (key < next_low)).to(tl.int32)
        both = tl.sum(reached + (below << 16))  # two sums for one: no row has more than 2^15 regions
        high = tl.where((both & 0xFFFF) >= k_max, next_high, high)
        low = tl.where((both >> 16) < k_min, next_low, low)
    return high, low


@triton.jit
def _last_place(beyond, equal, k, place):
    """Up to which place the regions at the edge are taken."""
    left = k - tl.sum(beyond.to(tl.int32))
    return tl.max(tl.where(equal & (tl.cumsum(equal.to(tl.int32), 0) <= left), place, -1))


@triton.jit
def _mean(scores, taken, k, BITS: tl.constexpr):
    if BITS == 64:
        return tl.sum(tl.where(taken, scores, 0.0)) / k.to(tl.float64)
    return tl.sum(tl.where(taken, scores.to(tl.float32), 0.0)) / k.to(tl.float32)


@triton.jit(do_not_specialize=_COUNTS)
def _select(
    regions, real, score, edges, classes, count, k_max, share_max, k_min, share_min,
    W_MAX: tl.constexpr, W_MIN: tl.constexpr, BITS: tl.constexpr, BLOCK: tl.constexpr,
    MASKED: tl.constexpr, LOW: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    scores, valid, place = _load_row(regions, real, row, classes, count, BLOCK, MASKED)
    key = _keys(scores, BITS)
    present = tl.sum(valid.to(tl.int32))
    k_high, k_low = _resolve(k_max, share_max, present), _resolve(k_min, share_min, present)
    high, low = _find_edges(key, valid, k_high, k_low, BITS)
    beyond, equal = valid & (key > high), valid & (key == high)
    last = _last_place(beyond, equal, k_high, place)
    total = W_MAX * _mean(scores, beyond | (equal & (place <= last)), k_high, BITS)
    edge = edges + row * 6
    tl.store(edge, high)
    tl.store(edge + 1, last)
    tl.store(edge + 2, k_high)
    if LOW:
        beyond, equal = valid & (key < low), valid & (key == low)
        last = _last_place(beyond, equal, k_low, place)
        total += W_MIN * _mean(scores, beyond | (equal & (place <= last)), k_low, BITS)
        tl.store(edge + 3, low)
        tl.store(edge + 4, last)
        tl.store(edge + 5, k_low)
    tl.store(score + row, total)


@triton.jit
def _slopes(
    regions, real, upstream, edges, slope, classes, count,
    W_MAX: tl.constexpr, W_MIN: tl.constexpr, BITS: tl.constexpr, BLOCK: tl.constexpr,
    MASKED: tl.constexpr, LOW: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    scores, valid, place = _load_row(regions, real, row, classes, count, BLOCK, MASKED)
    key, edge, up = _keys(scores, BITS), edges + row * 6, tl.load(upstream + row)
    high, last, k = tl.load(edge), tl.load(edge + 1), tl.load(edge + 2)
    taken = valid & ((key > high) | ((key == high) & (place <= last)))
    slopes = tl.where(taken, up * W_MAX / k.to(up.dtype), 0.0)
    if LOW:
        low, last, k = tl.load(edge + 3), tl.load(edge + 4), tl.load(edge + 5)
        taken = valid & ((key < low) | ((key == low) & (place <= last)))
        slopes += tl.where(taken, up * W_MIN / k.to(up.dtype), 0.0)
    tl.store(slope + row * count + place, slopes.to(slope.dtype.element_ty), mask=place < count)
