"""Normalised Gaussian kernels over the pixels of images, as linear filters with their exact adjoint."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from weldon.crf.permutohedral import RowSums, build_permutohedral

PIECE = 64  # entries a GPU adds one after the other; a few vertices hold thousands of pixels


@dataclass(frozen=True)
class GaussianKernel:
    r"""One Gaussian over P points, normalised on both sides: splat, blur along each axis, slice.

    .. math:: K = N B_d \dots B_0 N, \text{ where } N = diag(S^\top B_d \dots B_0 S 1)^{-1/2}

    The blurs do not commute where vertices are missing, so K is not symmetric; its transpose is the same
    filter with the blurs in reverse order.

    Attributes:
        splat: from ``(P, C)`` points to ``(M, C)`` vertices, the normalisation folded in.
        blur: along the lattice's axes, each from vertices to vertices and its own transpose.
        slice: from vertices back to points, the normalisation folded in.
    """

    splat: tuple[RowSums, ...]
    blur: tuple[RowSums, ...]
    slice: RowSums

    @property
    def vertex_count(self) -> int:
        """M, the vertices the points touch."""
        return self.blur[0].rows.shape[0]

    def vertex_values(self, values: Tensor, *, transposed: bool = False) -> Tensor:
        """Splat ``(P, C)`` values and blur them: ``(M, C)``, what :attr:`slice` reads."""
        for sums in (*self.splat, *(reversed(self.blur) if transposed else self.blur)):
            values = sums(values)
        return values

    def to(self, dtype: torch.dtype) -> GaussianKernel:
        """Return the kernel for values of another float type."""
        splat, blur = (tuple(sums.to(dtype) for sums in step) for step in (self.splat, self.blur))
        return GaussianKernel(splat, blur, self.slice.to(dtype))


def gaussian_kernel(features: Tensor, *, groups: int = 1) -> GaussianKernel:
    r"""Return the kernel :math:`\exp(-|f_i - f_j|^2 / 2)` over points, symmetrically normalised.

    A point's message to itself is included, as in Krähenbühl and Koltun's code.

    Args:
        features: ``(d, P)`` float32, one row a dimension, in standard deviations.
        groups: equal runs of points (the images of a batch) that do not see each other.
    """
    lattice = build_permutohedral(features, groups=groups)
    points = torch.div(lattice.order, lattice.weights.shape[1], rounding_mode="floor")  # (P * D,)
    piece = PIECE if features.is_cuda else None
    splat = ragged_sums(
        points, lattice.weights.view(-1).index_select(0, lattice.order), lattice.starts, piece=piece
    )
    blur = tuple(blur_along(sides) for sides in lattice.neighbours)
    plain = GaussianKernel(splat, blur, RowSums(lattice.vertices, lattice.weights))
    received = plain.slice(plain.vertex_values(features.new_ones(features.shape[1], 1)))  # (P, 1)
    scale = received.add_(1e-20).rsqrt_()
    first = splat[0].times(scale.squeeze(1).index_select(0, points))
    return GaussianKernel((first, *splat[1:]), blur, plain.slice.times(scale))


def blur_along(sides: Tensor) -> RowSums:
    """Return the sums of each vertex and half its neighbours, from :attr:`Permutohedral.neighbours`."""
    weights = (sides != sides[:, :1]) * 0.5
    weights[:, 0] = 1
    return RowSums(sides, weights)


def ragged_sums(
    rows: Tensor, weights: Tensor, starts: Tensor, *, piece: int | None = None
) -> tuple[RowSums, ...]:
    """Return sums of uneven length, in one step or in two: over pieces of at most ``piece`` entries first.

    Args:
        rows: ``(E,)`` int32, the entries of all sums, one sum after the other.
        weights: ``(E,)`` float.
        starts: ``(M + 1,)`` int, where each sum begins, then E; no sum is empty.
        piece: the longest run to add in one go; None for no limit.
    """
    if piece is None:
        return (RowSums(rows, weights, starts.int()),)
    pieces = torch.div(starts.diff() + (piece - 1), piece, rounding_mode="floor")  # (M,)
    ends = pieces.cumsum(0)
    total = int(ends[-1])
    number = torch.arange(total, device=rows.device)  # (T,)
    owner = torch.repeat_interleave(pieces, output_size=total)
    piece_starts = starts[owner] + piece * (number - (ends - pieces)[owner])
    return (
        RowSums(rows, weights, torch.cat([piece_starts, starts[-1:]]).int()),
        RowSums(number.int(), weights.new_ones(total), torch.cat([ends.new_zeros(1), ends]).int()),
    )


@dataclass(frozen=True)
class KernelSum:
    """A weighted sum of kernels over the same points.

    Attributes:
        kernels: the parts, without their weights.
        slices: theirs, times the weights.
        weight: of all kernels together.
    """

    kernels: tuple[GaussianKernel, ...]
    slices: tuple[RowSums, ...]
    weight: float

    def vertex_values(self, values: Tensor, *, transposed: bool = False) -> tuple[Tensor, ...]:
        """Splat and blur ``(P, C)`` values in each kernel: ``(M, C)`` each."""
        return tuple(kernel.vertex_values(values, transposed=transposed) for kernel in self.kernels)

    def slice(self, tables: Sequence[Tensor], points: slice) -> Tensor:
        """Return what some points receive, ``(points, C)``."""
        first, *rest = (part.some(points)(table) for part, table in zip(self.slices, tables, strict=True))
        for received in rest:
            first += received
        return first

    def __call__(self, values: Tensor, *, transposed: bool = False) -> Tensor:
        """Return K, or its transpose, times ``(P, C)`` values."""
        return self.slice(self.vertex_values(values, transposed=transposed), slice(None))


def kernel_sum(kernels: Sequence[GaussianKernel], weights: Sequence[float]) -> KernelSum:
    """Return the weighted sum of one or more kernels over the same points."""
    slices = tuple(kernel.slice.times(weight) for kernel, weight in zip(kernels, weights, strict=True))
    return KernelSum(tuple(kernels), slices, sum(weights))


def bilateral_kernel(
    image: Tensor, *, sigma: float, colour_sigma: float, dtype: torch.dtype = torch.float32
) -> GaussianKernel:
    """Return the kernel between pixels that are near each other and alike in colour.

    Args:
        image: ``(N, 3, H, W)`` uint8, pictures that do not see each other.
        sigma: of positions, pixels.
        colour_sigma: of colours, levels of 0..255.
        dtype: of the values to filter.
    """
    features = pixel_features(image, sigma=sigma, colour_sigma=colour_sigma)
    return gaussian_kernel(features, groups=len(image)).to(dtype)


class SpatialKernels:
    """The kernels between pixels that are near each other; those of the latest sizes are kept.

    They depend on the pictures' size only. One of these may serve several models.

    Args:
        remember: how many to keep; each takes about 50 to 150 bytes a pixel.
    """

    def __init__(self, *, remember: int = 8) -> None:
        self.remember = remember
        self._kept: OrderedDict[tuple[object, ...], GaussianKernel] = OrderedDict()

    def __call__(self, image: Tensor, *, sigma: float, dtype: torch.dtype = torch.float32) -> GaussianKernel:
        """Return the kernel for pictures ``(N, 3, H, W)``, arguments as in :func:`bilateral_kernel`."""
        key = (len(image), *image.shape[-2:], image.device, sigma, dtype)
        kernel = self._kept.pop(key, None)
        if kernel is None:
            kernel = gaussian_kernel(pixel_features(image, sigma=sigma), groups=len(image)).to(dtype)
        self._kept[key] = kernel  # the latest is the last
        if len(self._kept) > self.remember:
            self._kept.popitem(last=False)
        return kernel


def pixel_features(image: Tensor, *, sigma: float, colour_sigma: float | None = None) -> Tensor:
    """Return positions x, y and, with ``colour_sigma``, colours r, g, b of pixels in standard deviations.

    Divided by tensors, not numbers: CUDA would multiply by the inverse of a number, and the last bit decides
    on which side of a border a pixel falls.

    Args:
        image: ``(N, 3, H, W)`` uint8.
        sigma: of positions, pixels.
        colour_sigma: of colours, levels; None leaves colours out.

    Returns:
        ``(2, N * H * W)`` or ``(5, N * H * W)`` float32, on the image's device.

    Example:
        >>> pixel_features(torch.zeros(1, 3, 2, 2, dtype=torch.uint8), sigma=2.0)
        tensor([[0.0000, 0.5000, 0.0000, 0.5000],
                [0.0000, 0.0000, 0.5000, 0.5000]])
    """
    images, channels, height, width = image.shape
    place = torch.tensor(sigma, dtype=torch.float32, device=image.device)
    y = (torch.arange(height, device=image.device) / place)[:, None]
    x = torch.arange(width, device=image.device) / place
    features = x.new_empty(2 if colour_sigma is None else 2 + channels, images, height, width)
    features[0] = x
    features[1] = y
    if colour_sigma is not None:
        torch.div(image.movedim(1, 0), torch.full_like(place, colour_sigma), out=features[2:])
    return features.view(len(features), -1)  # (d, N * H * W)
