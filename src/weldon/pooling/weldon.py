"""Negative evidence: the mean of the highest regions plus the mean of the lowest ones (WELDON, MANTRA)."""

from __future__ import annotations

from torch import Tensor

from weldon.pooling.count import Count, check_count
from weldon.pooling.highest_lowest import add_evidence, evidence_weights
from weldon.pooling.regions import RegionPool, flatten_regions


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
        ``(N, C)``, in the dtype of ``scores``. The gradient reaches the selected regions only; of
        equal scores at the edge the first ones (:mod:`weldon.pooling.highest_lowest` says where any).

    Raises:
        UsageError: a count or share that is none (a bool, 0 for ``k_max``, the ambiguous 1.0), shapes or
            dtypes that do not fit, or an image without a real region.

    Example:
        >>> import torch
        >>> weldon_pool(torch.tensor([[[[4.0, 2.0], [0.0, -2.0]]]]), k_max=2, k_min=1)
        tensor([[0.5000]])
    """
    check_count(k_max, "k_max")
    check_count(k_min, "k_min", least=0)
    regions, real = flatten_regions(scores, mask)
    return add_evidence(regions, real, k_max, k_min).to(scores.dtype)


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
