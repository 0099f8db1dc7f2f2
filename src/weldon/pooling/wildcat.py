"""WILDCAT: several maps per class, averaged, and a weight on the evidence against.

Durand, Mordan, Thome, Cord, "WILDCAT" (2017).
"""

from __future__ import annotations

import math

from torch import Tensor

from weldon.class_options import Finite, Maps
from weldon.errors import UsageError
from weldon.pooling.count import Count, check_count
from weldon.pooling.highest_lowest import add_evidence, evidence_weights
from weldon.pooling.regions import RegionPool, accumulation_dtype, flatten_regions


def wildcat_pool(
    scores: Tensor,
    mask: Tensor | None = None,
    *,
    maps_per_class: int = 4,
    alpha: float = 0.7,
    k_max: Count = 1,
    k_min: Count = 1,
) -> Tensor:
    r"""Average each class's maps, then add its highest regions and ``alpha`` times its lowest ones.

    .. math:: s = \tfrac12 \left( s^{top}_{k^+} + \alpha \, s^{low}_{k^-} \right)
              \quad \text{on} \quad F_c = \frac1M \sum_{m=1}^M F_{c,m}

    The ½ is WELDON's (Eq. 11) and is there for every ``alpha``, 0 included, so that nothing jumps as
    ``alpha`` goes to 0, and one map with ``alpha = 1`` is WELDON; the WILDCAT article writes the sum without
    it, which is twice this score. As in :func:`weldon_pool`, ``k_min = 0`` alone drops it: then ``s`` is the
    top mean, whatever ``alpha``.

    Args:
        scores: ``(N, C·M, H, W)`` or ``(N, C·M, R)`` float; the M maps of a class stand side by side (class
            ``c`` has the channels ``c·M`` to ``c·M + M - 1``).
        mask: ``(N, H, W)`` or ``(N, R)`` bool, True on real regions; None means all are real.
        maps_per_class: M, at least 1.
        alpha: weight of the low term, at least 0.
        k_max: regions of positive evidence, a count, a share or ``"all"`` as in :func:`weldon_pool`.
        k_min: regions of negative evidence, likewise; 0 means none.

    Returns:
        ``(N, C)``, in the dtype of ``scores``.

    Raises:
        UsageError: an option out of range, channels that are no multiple of ``maps_per_class``, shapes or
            dtypes that do not fit, or an image without a real region.

    Example:
        >>> import torch
        >>> two_maps = torch.tensor([[[5.0, 1.0, -1.0], [3.0, 1.0, -3.0]]])  # mean: 4, 1, -2
        >>> wildcat_pool(two_maps, maps_per_class=2, alpha=0.5)
        tensor([[1.5000]])
    """
    _check_options(maps_per_class, alpha, k_max, k_min)
    regions, real = flatten_regions(average_maps(scores, maps_per_class), mask)
    return add_evidence(regions, real, k_max, k_min, alpha).to(scores.dtype)


def average_maps(scores: Tensor, maps_per_class: int) -> Tensor:
    """Average the maps of each class: ``(N, C·M, ...)`` to ``(N, C, ...)``, float32 or wider if M > 1.

    Raises:
        UsageError: no maps, or a number of channels that is no multiple of ``maps_per_class``.
    """
    if scores.ndim < 3 or scores.shape[1] % maps_per_class:
        raise UsageError(
            f"`scores` must be (N, C·M, H, W) or (N, C·M, R) with M = maps_per_class = {maps_per_class}, "
            f"got shape {tuple(scores.shape)}"
        )
    if maps_per_class == 1 or not scores.is_floating_point():
        return scores
    shape = (scores.shape[0], scores.shape[1] // maps_per_class, maps_per_class, *scores.shape[2:])
    return scores.reshape(shape).mean(
        dim=2, dtype=accumulation_dtype(scores)
    )  # (N, C, M, ...) -> (N, C, ...)


def _check_options(maps_per_class: int, alpha: float, k_max: Count, k_min: Count) -> None:
    if isinstance(maps_per_class, bool) or not isinstance(maps_per_class, int) or maps_per_class < 1:
        raise UsageError(f"`maps_per_class` must be a whole number, at least 1, got {maps_per_class!r}")
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0.0 <= alpha < math.inf:
        raise UsageError(f"`alpha` must be a finite number, at least 0, got {alpha!r}")
    check_count(k_max, "k_max")
    check_count(k_min, "k_min", least=0)


class WildcatPool(RegionPool):
    """Module of :func:`wildcat_pool`.

    Args:
        maps_per_class: maps per class.
        alpha: weight of the evidence against.
        k_max: regions of evidence for, a count or a share.
        k_min: regions of evidence against, likewise.
    """

    default_share = 0.2

    def __init__(
        self, *, maps_per_class: Maps = 4, alpha: Finite = 0.7, k_max: Count = 1, k_min: Count = 1
    ) -> None:
        super().__init__()
        _check_options(maps_per_class, alpha, k_max, k_min)
        self.maps_per_class = maps_per_class
        self.alpha = alpha
        self.k_max = k_max
        self.k_min = k_min

    def forward(self, scores: Tensor, mask: Tensor | None = None) -> Tensor:
        """Apply :func:`wildcat_pool`."""
        return wildcat_pool(
            scores,
            mask,
            maps_per_class=self.maps_per_class,
            alpha=self.alpha,
            k_max=self.k_max,
            k_min=self.k_min,
        )

    def region_weights(self, scores: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Weigh the regions of the averaged maps: 1/(2k+) on the highest, alpha/(2k-) on the lowest."""
        regions, real = flatten_regions(self.class_maps(scores), mask)
        return evidence_weights(regions, real, self.k_max, self.k_min, self.alpha)

    def class_maps(self, scores: Tensor) -> Tensor:
        """Average the maps of each class: ``(N, C·M, ...)`` to ``(N, C, ...)``."""
        return average_maps(scores, self.maps_per_class)

    def extra_repr(self) -> str:
        """Show the options in the printed module."""
        return (
            f"maps_per_class={self.maps_per_class}, alpha={self.alpha}, "
            f"k_max={self.k_max!r}, k_min={self.k_min!r}"
        )
