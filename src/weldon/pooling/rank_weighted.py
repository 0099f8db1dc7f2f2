"""Global weighted rank pooling (GWRP): every region counts, the higher ranked ones more.

Kolesnikov and Lampert, "Seed, Expand and Constrain" (2016), which takes a decay of 0.996 on 41 x 41 maps.
"""

from __future__ import annotations

import torch
from torch import Tensor

from weldon.class_options import Finite
from weldon.errors import UsageError
from weldon.pooling.regions import RegionPool, accumulation_dtype, fill_padding, flatten_regions


def gwrp_pool(scores: Tensor, mask: Tensor | None = None, *, decay: float = 0.996) -> Tensor:
    r"""Average the regions of each class with weights that decay with their rank.

    .. math:: s = \sum_{j=0}^{R-1} d^j F(h_j) \Big/ \sum_{j=0}^{R-1} d^j ,
              \qquad F(h_0) \ge F(h_1) \ge \dots

    A decay of 0 is max pooling, a decay of 1 average pooling.

    Args:
        scores: ``(N, C, H, W)`` or ``(N, C, R)`` float, class evidence per region, any real.
        mask: ``(N, H, W)`` or ``(N, R)`` bool, True on real regions; None means all are real.
        decay: factor from one rank to the next, in [0, 1].

    Returns:
        ``(N, C)``, in the dtype of ``scores``.

    Raises:
        UsageError: a decay outside [0, 1], shapes or dtypes that do not fit, or an image without a real
            region.

    Example:
        >>> gwrp_pool(torch.tensor([[[0.0, 3.0, 6.0]]]), decay=0.5)  # (6 + 3/2) / (1 + 1/2 + 1/4)
        tensor([[4.2857]])
    """
    _check_decay(decay)
    regions, real = flatten_regions(scores, mask)
    ranked, _ = _descending(regions, real)
    shares = _rank_shares(regions, real, decay)
    return (ranked.masked_fill(shares == 0, 0.0) * shares).sum(dim=-1).to(scores.dtype)


def _descending(regions: Tensor, real: Tensor | None) -> tuple[Tensor, Tensor]:
    values, indices = fill_padding(regions, real, -torch.inf).sort(dim=-1, descending=True)
    return values, indices


def _rank_shares(regions: Tensor, real: Tensor | None, decay: float) -> Tensor:
    """Normalised ``decay ** rank`` over an image's own ranks: ``(N or 1, 1, R)``, float32 or wider."""
    ranks = torch.arange(regions.shape[-1], device=regions.device)  # (R,)
    # 0 ** 0 is left to no runtime: with a decay of 0 the first rank alone has weight
    weights = (
        (ranks == 0).to(accumulation_dtype(regions))
        if decay == 0
        else decay ** ranks.to(accumulation_dtype(regions))
    )
    shares = weights[None, None]  # (1, 1, R)
    if real is not None:
        shares = shares * (ranks < real.sum(dim=-1, keepdim=True)).unsqueeze(1)  # (N, 1, R)
    return shares / shares.sum(dim=-1, keepdim=True)


def _check_decay(decay: float) -> float:
    if isinstance(decay, bool) or not isinstance(decay, int | float) or not 0.0 <= decay <= 1.0:
        raise UsageError(f"`decay` must be a number in [0, 1], got {decay!r}")
    return decay


class GWRPPool(RegionPool):
    """Module of :func:`gwrp_pool`.

    Args:
        decay: factor from one rank to the next, in [0, 1].
    """

    def __init__(self, *, decay: Finite = 0.996) -> None:
        super().__init__()
        self.decay = _check_decay(decay)

    def forward(self, scores: Tensor, mask: Tensor | None = None) -> Tensor:
        """Apply :func:`gwrp_pool`."""
        return gwrp_pool(scores, mask, decay=self.decay)

    def region_weights(self, scores: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Give each region, for the class, the weight of its rank."""
        regions, real = flatten_regions(scores, mask)
        _, indices = _descending(regions, real)
        shares = _rank_shares(regions, real, self.decay).expand(regions.shape)
        positive = torch.zeros_like(shares).scatter(-1, indices, shares)
        return positive, torch.zeros_like(positive)

    def extra_repr(self) -> str:
        """Show the option in the printed module."""
        return f"decay={self.decay}"
