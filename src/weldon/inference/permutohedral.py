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

from weldon.errors import UsageError

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
        neighbours: d + 1 tensors ``(M, 2)`` int64, the vertices on either side along each axis, -1 for none.
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
    nearest = (elevated / size).round()
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

    The number is ``rho + D * (group, c_0, .., c_{d-1})`` in a mixed radix as wide as the points need; the
    last coordinate follows from the others.

    Returns:
        keys ``(P, D)``, int32 where that is wide enough (it halves the sort) else int64; the stride of each
        axis in ``c``, the last one 0.
    """
    size, points = nearest.shape
    shift = nearest.sum(
        0
    ).int()  # how far the rounding left the plane; corner k has remainder (k - shift) % D
    spans, lowest = cell_box(nearest)
    strides = mixed_radix(spans, groups=groups, size=size)
    wide = strides[0] * spans[0] * groups * size >= 2**31
    dtype = torch.int64 if wide else torch.int32
    base = torch.zeros(points, dtype=dtype, device=nearest.device)
    for coordinate, low, stride in zip(nearest[:-1], lowest, strides, strict=False):
        base += coordinate.to(dtype).sub_(low).mul_(stride)
    base.view(groups, -1).add_(
        torch.arange(groups, dtype=dtype, device=base.device).mul_(strides[0] * spans[0])[:, None]
    )
    table = torch.tensor(strides, dtype=dtype, device=base.device)
    total = sum(strides)
    keys = base.new_empty(size, points)
    for corner in range(size):
        remainder = corner - shift
        cell = torch.div(remainder, size, rounding_mode="floor")
        if corner:
            base -= table[axes[size - corner]]
        torch.add(
            (remainder - size * cell).to(dtype), base + cell.to(dtype) * total, alpha=size, out=keys[corner]
        )
    return keys.t().contiguous(), strides


def cell_box(nearest: Tensor) -> tuple[list[int], list[int]]:
    """Return the span and the lowest value of each of the first d cell coordinates, margins included."""
    lows, highs = torch.aminmax(nearest[:-1], dim=1)
    lowest = [int(low) - MARGIN for low in lows.tolist()]
    return [int(high) + MARGIN + 1 - low for high, low in zip(highs.tolist(), lowest, strict=True)], lowest


def mixed_radix(spans: list[int], *, groups: int, size: int) -> tuple[int, ...]:
    """Return the stride of each coordinate, the first the widest, then 0 for the coordinate left out.

    Example:
        >>> mixed_radix([10, 4, 3], groups=1, size=4)
        (12, 3, 1, 0)
    """
    strides = [math.prod(spans[i + 1 :]) for i in range(len(spans))]
    if strides[0] * spans[0] * groups * size >= 2**62:
        raise UsageError(
            "features must span fewer than 2**62 lattice cells, "
            f"got {' x '.join(map(str, spans))} for {groups} image(s): use larger standard deviations"
        )
    return (*strides, 0)


def vertex_neighbours(keys: Tensor, strides: tuple[int, ...]) -> tuple[Tensor, ...]:
    """Return for each axis the vertices ``(M, 2)`` one step up and one step down it, -1 where none is.

    A step up axis j adds 1 to all coordinates and takes D off the j-th: in cells, the remainder grows by
    one (from D - 1 it falls to 0 and every cell coordinate grows), and cell j goes down.

    Args:
        keys: ``(M,)`` ascending, from :func:`vertex_keys`.
        strides: of the D axes, the last one 0.
    """
    size = len(strides)
    wrap = (keys % size == size - 1).to(keys.dtype)
    up = keys + 1 + wrap * (size * (sum(strides) - 1))
    return tuple(_either_side(keys, up - size * stride) for stride in strides)


def _either_side(keys: Tensor, above: Tensor) -> Tensor:
    place = torch.searchsorted(keys, above).clamp_(max=keys.numel() - 1)
    found = keys[place] == above
    sides = place.new_full((keys.numel(), 2), -1)
    sides[:, 0] = torch.where(found, place, -1)
    sides[place[found], 1] = found.nonzero().squeeze(1)
    return sides
