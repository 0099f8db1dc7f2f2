"""Naive float64 versions of the dense CRF: the exact mean field, and the lattice with tuples and a dict."""

from __future__ import annotations

import math
from collections import defaultdict

import torch
from torch import Tensor

from weldon.crf.parameters import CRFParameters


def exact_mean_field(probabilities: Tensor, image: Tensor, parameters: CRFParameters) -> Tensor:
    """Mean field with every pair of pixels, from ``(C, H, W)`` and ``(3, H, W)``: O(n^2) time and memory."""
    labels, height, width = probabilities.shape
    logits = probabilities.double().clamp(min=1e-5).log().view(labels, -1).t()  # (P, C)
    place = torch.tensor([[x, y] for y in range(height) for x in range(width)], dtype=torch.float64)
    colour = image.double().view(3, -1).t()
    both = torch.cat([place / parameters.bilateral_sigma, colour / parameters.colour_sigma], dim=1)
    weights = (parameters.spatial_weight, parameters.bilateral_weight)
    kernels = (exact_kernel(place / parameters.spatial_sigma), exact_kernel(both))
    pairwise = sum(weight * kernel for weight, kernel in zip(weights, kernels, strict=True))
    marginals = logits.softmax(1)
    for _ in range(parameters.iterations):
        marginals = (logits + pairwise @ marginals).softmax(1)
    return marginals.t().view(labels, height, width)


def exact_kernel(features: Tensor) -> Tensor:
    """Gaussian of ``(P, d)`` points, the point itself included, divided by the roots of both row sums."""
    kernel = torch.exp(
        -0.5 * torch.cdist(features, features, compute_mode="donot_use_mm_for_euclid_dist") ** 2
    )
    root = kernel.sum(1).rsqrt()
    return root[:, None] * kernel * root


def lattice_filter(features: Tensor, values: Tensor) -> Tensor:
    """Splat, blur and slice ``(P, C)`` values at ``(P, d)`` points, as Adams et al. write it."""
    size = features.shape[1] + 1
    corners = [simplex_corners(elevate([float(f) for f in point])) for point in features]
    table: dict[tuple[int, ...], Tensor] = defaultdict(
        lambda: torch.zeros(values.shape[1], dtype=torch.float64)
    )
    for point, around in enumerate(corners):
        for vertex, weight in around:
            table[vertex] = table[vertex] + weight * values[point].double()
    vertices = list(table)
    for axis in range(size):
        table_before = dict(table)
        for vertex in vertices:
            up = tuple(c + 1 - size * (i == axis) for i, c in enumerate(vertex))
            down = tuple(c - 1 + size * (i == axis) for i, c in enumerate(vertex))
            sides = sum(table_before[side] for side in (up, down) if side in table_before)
            table[vertex] = table_before[vertex] + 0.5 * sides
    return torch.stack([sum(weight * table[vertex] for vertex, weight in around) for around in corners])


def elevate(point: list[float]) -> list[float]:
    """Position in the plane of coordinates that add up to zero, in the scale of a unit Gaussian."""
    size = len(point) + 1
    elevated = [0.0] * size
    for i, value in enumerate(point):
        scaled = size * math.sqrt(2 / 3) * value / math.sqrt((i + 1) * (i + 2))
        for j in range(i + 1):
            elevated[j] += scaled
        elevated[i + 1] -= (i + 1) * scaled
    return elevated


def simplex_corners(elevated: list[float]) -> list[tuple[tuple[int, ...], float]]:
    """Vertices around a point with barycentric weights: walk from remainder 0 upwards, ranks corrected."""
    size = len(elevated)
    nearest = [size * round(value / size) for value in elevated]
    gap = sum(nearest) // size  # how many axes were rounded up, rather than down, too often
    falling = sorted(range(size), key=lambda i: -(elevated[i] - nearest[i]))
    for i in falling[-gap:] if gap > 0 else falling[:-gap]:
        nearest[i] -= size if gap > 0 else -size
    order = sorted(range(size), key=lambda i: -(elevated[i] - nearest[i]))
    offsets = [(elevated[i] - nearest[i]) / size for i in order]
    weights = [1 + offsets[-1] - offsets[0]]
    weights += [offsets[size - 1 - k] - offsets[size - k] for k in range(1, size)]
    corners, vertex = [], list(nearest)
    for k in range(size):
        if k:
            vertex = [value + 1 for value in vertex]
            vertex[order[size - k]] -= size
        corners.append((tuple(vertex), weights[k]))
    return corners
