"""The permutohedral lattice of a set of points: which vertices surround each, and which vertices touch.

Adams, Baek and Davis, "Fast High-Dimensional Filtering Using the Permutohedral Lattice", 2010. Points in
d dimensions are laid into the plane of D = d + 1 coordinates that add up to zero; a lattice of that plane
cuts it into simplices, and every point takes part in the D vertices of the simplex around it. A vertex of
remainder ``rho`` has coordinates ``D * c + rho``: all whole, all the same modulo D. ``c`` are its cells.

The arithmetic of :func:`elevate` and :func:`enclosing_simplex` is that of pydensecrf step by step in float32,
so that points on the border of simplices fall on the same side and the results agree to about 1e-6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from weldon.errors import UsageError


@dataclass(frozen=True)
class RowSums:
    r"""Every output row is a weighted sum of some rows of a table (a sparse matrix, stored row by row).

    .. math:: y_i = \sum_j w_{ij} \, x_{c_{ij}}

    One ``embedding_bag``: a tuned gather on x86 processors, a reduction without atomics (hence the same
    bits every time) on CUDA.

    Args:
        rows: which rows to add: ``(Y, K)`` int, K for every output, or ``(E,)`` with ``offsets``.
        weights: float, the shape of ``rows``.
        offsets: ``(Y + 1,)`` int, where each output's entries start in flat ``rows``, then ``E``.

    Example:
        >>> swap = RowSums(torch.tensor([[1, 0], [0, 1]]), torch.tensor([[1.0, 0.5], [1.0, 0.0]]))
        >>> swap(torch.tensor([[2.0], [8.0]]))
        tensor([[9.],
                [2.]])
    """

    rows: Tensor
    weights: Tensor
    offsets: Tensor | None = None

    def __call__(self, table: Tensor) -> Tensor:
        """Return the sums, ``(Y, C)``, of a ``(X, C)`` float table."""
        return F.embedding_bag(
            self.rows,
            table,
            self.offsets,
            mode="sum",
            per_sample_weights=self.weights,
            include_last_offset=self.offsets is not None,
        )

    def some(self, outputs: slice) -> RowSums:
        """Return some of the sums (only where every output has K entries)."""
        return RowSums(self.rows[outputs], self.weights[outputs])

    def times(self, factor: Tensor | float) -> RowSums:
        """Return the sums with weights multiplied by a factor that broadcasts against them."""
        return RowSums(self.rows, self.weights * factor, self.offsets)

    def to(self, dtype: torch.dtype) -> RowSums:
        """Return the same sums for tables of another float type."""
        return RowSums(self.rows, self.weights.to(dtype), self.offsets)


FRACTION_BITS = 26  # of the fixed-point offsets from the nearest vertex; 3 bits below hold the axis
MARGIN = 3  # corners and their neighbours lie within 3 cells of the nearest vertex: no two share a key


@dataclass(frozen=True)
class Permutohedral:
    """The part of the lattice that P points of d dimensions touch.

    Attributes:
        order: ``(P * D,)`` int32, entries ``point * D + corner`` grouped by vertex, ascending in each.
        starts: ``(M + 1,)`` int64, where each vertex's entries begin in ``order``.
        vertices: ``(P, D)`` int32, the vertices around each point.
        weights: ``(P, D)`` float32, barycentric: not negative, adding up to one.
        neighbours: d + 1 tensors ``(M, 3)`` int32: each vertex and those on either side along an axis, or
            itself where there is none.
    """

    order: Tensor
    starts: Tensor
    vertices: Tensor
    weights: Tensor
    neighbours: tuple[Tensor, ...]


def build_permutohedral(features: Tensor, *, groups: int = 1) -> Permutohedral:
    """Return the lattice around points, in which a blur of the filter has standard deviation one.

    Args:
        features: ``(d, P)`` float32, one row a dimension, 1 <= d <= 6, in standard deviations.
        groups: how many equal runs of points (the images of a batch) must not share vertices.

    Raises:
        UsageError: the points span more cells than 62 bits can number (a standard deviation too small).
    """
    elevated = elevate(features)  # (D, P)
    nearest, corner_axes, weights = enclosing_simplex(elevated)
    keys, strides = vertex_keys(nearest, corner_axes, groups=groups)  # (P, D)
    sorted_keys, order = torch.sort(keys.view(-1), stable=True)
    is_first = torch.ones_like(sorted_keys, dtype=torch.bool)
    torch.ne(sorted_keys[1:], sorted_keys[:-1], out=is_first[1:])
    first = is_first.nonzero().squeeze(1)  # (M,)
    rank = is_first.cumsum(0, dtype=torch.int32).sub_(1)
    vertices = torch.empty_like(rank).scatter_(0, order, rank)
    return Permutohedral(
        order=order.int(),
        starts=torch.cat([first, first.new_tensor([order.numel()])]),
        vertices=vertices.view(keys.shape),
        weights=weights,
        neighbours=vertex_neighbours(sorted_keys[first], strides),
    )


def elevate(features: Tensor) -> Tensor:
    r"""Lay points into the plane of D = d + 1 coordinates that add up to zero, ``(D, P)``.

    .. math:: e = D \sqrt{2/3} \; E f, \qquad E_{\cdot i} = (1, .., 1, -(i + 1), 0, ..) / \sqrt{(i+1)(i+2)}

    with i + 1 ones. The factor makes splat, blur and slice together a Gaussian of standard deviation one.

    Example:
        >>> elevate(torch.tensor([[1.0], [0.0]])).squeeze(1)     # 3 * sqrt(2/3) / sqrt(2) = sqrt(3)
        tensor([ 1.7321, -1.7321,  0.0000])
    """
    dimensions = features.shape[0]
    unit = torch.tensor((dimensions + 1) * math.sqrt(2 / 3), dtype=torch.float32).item()  # rounded, as there
    elevated = features.new_empty(dimensions + 1, features.shape[1])
    total = torch.zeros_like(features[0])
    for axis in range(dimensions, 0, -1):
        scaled = features[axis - 1] * (unit / math.sqrt(axis * (axis + 1)))
        torch.sub(total, scaled * axis, out=elevated[axis])
        total += scaled
    elevated[0] = total
    return elevated


def enclosing_simplex(elevated: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the nearest vertex, the order of the axes and the barycentric weights of each point.

    Args:
        elevated: ``(D, P)`` float32 from :func:`elevate`.

    Returns:
        ``(D, P)`` float32 whole numbers, the nearest vertex of remainder 0 up to a common shift; ``(D, P)``
        int32, axes by descending distance from it; ``(P, D)`` float32 weights. Corner k lies one D lower
        along each of the k *last* axes (and k higher along all).
    """
    size = elevated.shape[0]
    nearest = (elevated / elevated.new_tensor(size)).round()  # a tensor: see pixel_features
    falling = sort_axes(elevated - nearest * size)
    axes = 7 - torch.bitwise_and(falling, 7)
    offsets = torch.bitwise_right_shift(falling, 3).float().mul_(2.0**-FRACTION_BITS / size)
    corners = torch.empty_like(elevated)
    corners[0] = 1 + offsets[-1] - offsets[0]
    torch.sub(offsets[: size - 1].flip(0), offsets[1:].flip(0), out=corners[1:])
    return nearest, axes, corners.t().contiguous()


def sort_axes(offsets: Tensor) -> Tensor:
    """Sort each column of ``(D, P)`` offsets in [-D/2, D/2] downwards, equal ones by ascending axis.

    Returns:
        ``(D, P)`` int32: the offset in fixed point, and ``7 - axis`` in the three lowest bits.
    """
    fixed = offsets.mul(2.0**FRACTION_BITS).int().mul_(8)
    rows = [row + (7 - axis) for axis, row in enumerate(fixed)]
    for last in range(len(rows) - 1, 0, -1):
        for i in range(last):
            rows[i], rows[i + 1] = torch.maximum(rows[i], rows[i + 1]), torch.minimum(rows[i], rows[i + 1])
    return torch.stack(rows)


def vertex_keys(nearest: Tensor, axes: Tensor, *, groups: int) -> tuple[Tensor, tuple[int, ...]]:
    """Number the corners of each point's simplex: equal numbers are the same vertex.

    The number is ``rho + D * (group, c_0, .., c_d)`` in a mixed radix as wide as the points need, without
    the widest of the coordinates, which follows from the others. It is moved down by half the range of
    int32, and kept in int32 where it fits: that halves the sort.

    Returns:
        keys ``(P, D)``, int32 or int64; the stride of each axis in ``c``, 0 for the one left out.
    """
    size = len(nearest)
    shift = nearest.sum(
        0
    ).int()  # how far the rounding left the plane: corner k has remainder (k - shift) % D
    lowest, strides, span = cell_numbering(nearest, groups=groups)
    half = 2**31 // size
    dtype = torch.int32 if groups * span < 2 * half else torch.int64
    base = torch.arange(groups, device=nearest.device, dtype=torch.int64).mul_(span).sub_(half)
    base = base.to(dtype)[:, None].repeat(1, nearest.shape[1] // groups).view(-1)  # (P,)
    for coordinate, low, stride in zip(nearest, lowest, strides, strict=True):
        base += coordinate.to(dtype).sub_(low).mul_(stride)
    table = torch.tensor(strides, dtype=dtype, device=base.device)
    keys = base.new_empty(nearest.shape)
    for corner in range(size):
        remainder = corner - shift
        cell = torch.div(remainder, size, rounding_mode="floor")
        if corner:
            base -= table.index_select(0, axes[size - corner])
        number = base + cell.to(dtype) * sum(strides)
        torch.add(remainder - size * cell, number, alpha=size, out=keys[corner])
    return keys.t().contiguous(), strides


def cell_numbering(nearest: Tensor, *, groups: int) -> tuple[list[int], tuple[int, ...], int]:
    """Return the lowest cell of each axis, the stride of each (0 for the widest), and the numbers needed.

    Raises:
        UsageError: more numbers than an int64 holds.
    """
    lows, highs = (bound.tolist() for bound in torch.aminmax(nearest, dim=1))
    lowest = [int(low) - MARGIN for low in lows]
    spans = [int(high) + MARGIN + 1 - low for high, low in zip(highs, lowest, strict=True)]
    strides, total = [], 1
    for span in reversed(spans):
        widest = span == max(spans) and 0 not in strides
        strides.append(0 if widest else total)
        total *= 1 if widest else span
    if total * groups * len(nearest) >= 2**62:
        raise UsageError(
            "image must span fewer lattice cells than int64 can number, "
            f"got {' x '.join(map(str, spans))} for {groups} image(s): use larger standard deviations"
        )
    return lowest, tuple(reversed(strides)), total


def vertex_neighbours(keys: Tensor, strides: tuple[int, ...]) -> tuple[Tensor, ...]:
    """Return for each axis the vertices, the one a step up and the one a step down it, ``(M, 3)`` int32.

    A step up axis j adds 1 to all coordinates and takes D off the j-th: in cells, the remainder grows by
    one (from D - 1 it falls to 0 and every cell coordinate grows), and cell j goes down.

    Args:
        keys: ``(M,)`` ascending, from :func:`vertex_keys`.
        strides: of the D axes, one of them 0.
    """
    size = len(strides)
    wrap = (keys % size == size - 1).to(keys.dtype)
    up = keys + 1 + wrap * (size * (sum(strides) - 1))
    return tuple(_either_side(keys, up - size * stride) for stride in strides)


def _either_side(keys: Tensor, above: Tensor) -> Tensor:
    place = torch.searchsorted(keys, above).clamp_(max=len(keys) - 1)
    lower = (keys.index_select(0, place) == above).nonzero().squeeze(1)
    upper = place.index_select(0, lower)
    itself = torch.arange(len(keys), device=keys.device, dtype=torch.int32)
    up = itself.scatter(0, lower, upper.int())
    down = itself.scatter(0, upper, lower.int())
    return torch.stack([itself, up, down], dim=1)
