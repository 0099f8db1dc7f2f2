"""Negative evidence: the mean of the highest regions plus the mean of the lowest ones (WELDON, MANTRA)."""

from __future__ import annotations

import torch
from torch import Tensor

from weldon.pooling.count import Count, check_count
from weldon.pooling.max_average import average_weights, mean_of_regions
from weldon.pooling.regions import (
    RegionPool,
    accumulation_dtype,
    fill_padding,
    flatten_regions,
    resolve_count,
)


def weldon_pool(scores: Tensor, mask: Tensor | None = None, *, k_max: Count = 1, k_min: Count = 1) -> Tensor:
    r"""Average the ``k_max`` highest and the ``k_min`` lowest region scores of each class.

    .. math:: s = \tfrac12 \left( s^{top}_{k^+} + s^{low}_{k^-} \right)

    Paper: Eq. 9 (top), 10 (low), 11 (sum); ``k_max = k_min = 1`` is MANTRA (Eq. 3). The factor ½ is always
    there, except for ``k_min = 0``, which means no negative evidence: then ``s`` is the top mean.

    Args:
        scores: ``(N, C, H, W)`` or ``(N, C, R)`` float, class evidence per region, any real.
        mask: ``(N, H, W)`` or ``(N, R)`` bool, True on real regions; None means all are real.
        k_max: regions of positive evidence: a count (int, clipped to the image's real regions), a share of
            them (float between 0 and 1, rounded, at least one region) or ``"all"``.
        k_min: regions of negative evidence, likewise; 0 means none.

    Returns:
        ``(N, C)``, in the dtype of ``scores``. The gradient reaches the selected regions only.

    Raises:
        UsageError: a count or share that is none (a bool, 0 for ``k_max``, the ambiguous 1.0), shapes or
            dtypes that do not fit, or an image without a real region.

    Example:
        >>> weldon_pool(torch.tensor([[[[4.0, 2.0], [0.0, -2.0]]]]), k_max=2, k_min=1)
        tensor([[0.5000]])
    """
    check_count(k_max, "k_max")
    check_count(k_min, "k_min", least=0)
    regions, real = flatten_regions(scores, mask)
    return add_evidence(regions, real, k_max, k_min).to(scores.dtype)


def add_evidence(
    regions: Tensor, real: Tensor | None, k_max: Count, k_min: Count, alpha: float = 1.0
) -> Tensor:
    """Half the sum of the top mean and ``alpha`` low means; the top mean alone at ``k_min = 0``."""
    top = extreme_mean(regions, real, k_max, largest=True)
    if k_min == 0:
        return top
    return (top + alpha * extreme_mean(regions, real, k_min, largest=False)) / 2


def evidence_weights(
    regions: Tensor, real: Tensor | None, k_max: Count, k_min: Count, alpha: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Weights of the regions in the top and in the low term of :func:`add_evidence`, both ``(N, C, R)``."""
    top = extreme_weights(regions, real, k_max, largest=True)
    if k_min == 0:
        return top, torch.zeros_like(top)
    return top / 2, extreme_weights(regions, real, k_min, largest=False) * (alpha / 2)


def extreme_mean(regions: Tensor, real: Tensor | None, k: Count, *, largest: bool) -> Tensor:
    """Mean of the ``k`` highest or lowest real regions: ``(N, C, R)`` to ``(N, C)``, float32 or wider."""
    if k == "all":
        return mean_of_regions(regions, real)
    values, _ = _extremes(regions, real, k, largest=largest)  # (N, C, K)
    if real is None:
        return values.mean(dim=-1, dtype=accumulation_dtype(regions))
    shares = _rank_shares(values, real, k)  # (N, 1, K)
    return (values.masked_fill(shares == 0, 0.0) * shares).sum(dim=-1)


def extreme_weights(regions: Tensor, real: Tensor | None, k: Count, *, largest: bool) -> Tensor:
    """Weight of each region in :func:`extreme_mean`: ``(N, C, R)``, float32 or wider."""
    if k == "all":
        return average_weights(regions, real)
    values, indices = _extremes(regions, real, k, largest=largest)  # (N, C, K)
    dtype = accumulation_dtype(regions)
    if real is None:
        shares = torch.full_like(values, 1 / values.shape[-1], dtype=dtype)
    else:
        shares = _rank_shares(values, real, k).expand(values.shape)
    return torch.zeros_like(regions, dtype=dtype).scatter(-1, indices, shares)


def _extremes(regions: Tensor, real: Tensor | None, k: Count, *, largest: bool) -> tuple[Tensor, Tensor]:
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


class WeldonPool(RegionPool):
    """Module of :func:`weldon_pool`; ``WeldonPool(k_max=1, k_min=1)``, the default, is MANTRA.

    Args:
        k_max: regions of evidence for, a count or a share.
        k_min: regions of evidence against, likewise.
    """

    default_share = 0.2  # at which negative evidence is best on most sets of the paper's Fig. 6

    def __init__(self, *, k_max: Count = 1, k_min: Count = 1) -> None:
        super().__init__()
        self.k_max = check_count(k_max, "k_max")
        self.k_min = check_count(k_min, "k_min", least=0)

    def forward(self, scores: Tensor, mask: Tensor | None = None) -> Tensor:
        """Apply :func:`weldon_pool`."""
        return weldon_pool(scores, mask, k_max=self.k_max, k_min=self.k_min)

    def region_weights(self, scores: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """1/(2k+) on the k+ highest regions, 1/(2k-) on the k- lowest; 1/k+ alone at ``k_min = 0``."""
        return evidence_weights(*flatten_regions(scores, mask), self.k_max, self.k_min)

    def extra_repr(self) -> str:
        """Show the options in the printed module."""
        return f"k_max={self.k_max!r}, k_min={self.k_min!r}"


def mantra() -> WeldonPool:
    """MANTRA: the highest and the lowest region (Eq. 3)."""
    return WeldonPool(k_max=1, k_min=1)
