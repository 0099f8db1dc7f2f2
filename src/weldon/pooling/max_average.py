"""Poolings at the two ends: the single best region (LSSVM, DeepMIL) and all regions alike (GAP)."""

from __future__ import annotations

import torch
from torch import Tensor

from weldon.pooling.regions import RegionPool, accumulation_dtype, fill_padding, flatten_regions


def max_pool(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    r"""Score each class by its single highest region.

    .. math:: s = \max_h F(h)

    Paper: Table 1, Eq. 8 with both temperatures at :math:`+\infty` (latent SSVM, DeepMIL, max pooling).

    Args:
        scores: ``(N, C, H, W)`` or ``(N, C, R)`` float, class evidence per region, any real.
        mask: ``(N, H, W)`` or ``(N, R)`` bool, True on real regions; None means all are real.

    Returns:
        ``(N, C)``, in the dtype of ``scores``. The gradient reaches one region of each class.

    Raises:
        UsageError: shapes or dtypes that do not fit, or an image without a real region.

    Example:
        >>> max_pool(torch.tensor([[[[4.0, 2.0], [0.0, -2.0]]]]))
        tensor([[4.]])
    """
    regions, real = flatten_regions(scores, mask)
    return fill_padding(regions, real, -torch.inf).max(dim=-1).values


def average_pool(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    r"""Score each class by the mean of its real regions.

    .. math:: s = \frac1R \sum_h F(h)

    Paper: Table 1, the limit of Eq. 8 as both temperatures go to 0 (global average pooling, GAP).

    Args:
        scores: ``(N, C, H, W)`` or ``(N, C, R)`` float, class evidence per region, any real.
        mask: ``(N, H, W)`` or ``(N, R)`` bool, True on real regions; None means all are real.

    Returns:
        ``(N, C)``, in the dtype of ``scores``.

    Raises:
        UsageError: shapes or dtypes that do not fit, or an image without a real region.

    Example:
        >>> average_pool(torch.tensor([[[[4.0, 2.0], [0.0, -2.0]]]]))
        tensor([[1.]])
    """
    return mean_of_regions(*flatten_regions(scores, mask)).to(scores.dtype)


def mean_of_regions(regions: Tensor, real: Tensor | None) -> Tensor:
    """Mean over the real ones of flat regions: ``(N, C, R)`` to ``(N, C)``, float32 or wider."""
    dtype = accumulation_dtype(regions)
    if real is None:
        return regions.mean(dim=-1, dtype=dtype)
    return fill_padding(regions, real, 0.0).sum(dim=-1, dtype=dtype) / real.sum(dim=-1, keepdim=True)


def average_weights(regions: Tensor, real: Tensor | None) -> Tensor:
    """Weight 1/R on each real region, 0 on padding: ``(N, C, R)``, float32 or wider."""
    alike = fill_padding(torch.ones_like(regions, dtype=accumulation_dtype(regions)), real, 0.0)
    return alike / alike.sum(dim=-1, keepdim=True)


def max_weights(regions: Tensor, real: Tensor | None) -> Tensor:
    """Weight 1 on the highest real region, 0 elsewhere: ``(N, C, R)``, float32 or wider."""
    best = fill_padding(regions, real, -torch.inf).max(dim=-1, keepdim=True).indices
    return torch.zeros_like(regions, dtype=accumulation_dtype(regions)).scatter(-1, best, 1.0)


class MaxPool(RegionPool):
    """Module of :func:`max_pool`."""

    def forward(self, scores: Tensor, mask: Tensor | None = None) -> Tensor:
        """Apply :func:`max_pool`."""
        return max_pool(scores, mask)

    def region_weights(self, scores: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Weight 1, for the class, on its highest region."""
        positive = max_weights(*flatten_regions(scores, mask))
        return positive, torch.zeros_like(positive)


class AveragePool(RegionPool):
    """Module of :func:`average_pool`."""

    def forward(self, scores: Tensor, mask: Tensor | None = None) -> Tensor:
        """Apply :func:`average_pool`."""
        return average_pool(scores, mask)

    def region_weights(self, scores: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Weight 1/R, for the class, on each of its R real regions."""
        positive = average_weights(*flatten_regions(scores, mask))
        return positive, torch.zeros_like(positive)
