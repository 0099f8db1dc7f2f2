"""Maps ``(N, F, h, w)`` from whatever a timm backbone returns: maps, channels last, or tokens."""

from __future__ import annotations

from math import isqrt
from typing import Literal

from torch import Tensor

from weldon.errors import UsageError

Layout = Literal["NCHW", "NHWC", "tokens"]


def find_layout(features: Tensor) -> Layout:
    """Tell the layout of the features of one square image: its two equal sides are the grid.

    Raises:
        UsageError: features without a grid, as a backbone that ends in a vector returns them.

    Example:
        >>> import torch
        >>> [find_layout(torch.zeros(1, *shape)) for shape in [(96, 5, 5), (5, 5, 96), (26, 96)]]
        ['NCHW', 'NHWC', 'tokens']
    """
    if features.ndim == 3:
        return "tokens"
    if features.ndim != 4:
        raise UsageError(f"a backbone must return maps or tokens, got features {tuple(features.shape)}")
    _, first, second, third = features.shape
    return "NHWC" if first == second != third else "NCHW"


def count_prefix(tokens: int, declared: int | None) -> int:
    """Tell how many tokens stand before those of the square grid (class, registers).

    Args:
        tokens: all of them.
        declared: what the backbone says; None where it says nothing: then none or one.

    Raises:
        UsageError: no square grid is left.

    Example:
        >>> count_prefix(201, 5), count_prefix(197, None), count_prefix(196, None)
        (5, 1, 0)
    """
    for prefix in (0, 1) if declared is None else (declared,):
        if tokens - prefix > 1 and isqrt(tokens - prefix) ** 2 == tokens - prefix:
            return prefix
    raise UsageError(f"a backbone must return one token a patch, got {tokens} tokens for a square image")


def as_map(
    features: Tensor, layout: Layout, *, prefix: int = 0, grid: tuple[int, int] | None = None
) -> Tensor:
    """Return the features as maps ``(N, F, h, w)``.

    Args:
        features: ``(N, F, h, w)``, ``(N, h, w, F)`` or ``(N, prefix + h·w, F)``.
        layout: which of the three.
        prefix: tokens that belong to no patch, at the front; they are dropped.
        grid: ``(h, w)`` of the patches; None means square.
    """
    if layout == "NCHW":
        return features
    if layout == "NHWC":
        return features.permute(0, 3, 1, 2)  # (N, h, w, F) -> (N, F, h, w)
    patches = features[:, prefix:]  # (N, h·w, F)
    height, width = grid or (isqrt(patches.shape[1]),) * 2
    return patches.transpose(1, 2).reshape(patches.shape[0], patches.shape[2], height, width)  # (N, F, h, w)
