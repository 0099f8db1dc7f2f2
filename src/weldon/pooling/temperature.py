"""Poolings by temperature: the log of the mean exponential, from the lowest region to the highest (Eq. 8).

Written as shift + log1p(mean(expm1)) / beta where the exponentials are close to one, so that a temperature
near 0 comes out as the average and not as a difference of equal logarithms.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.pooling.max_average import average_weights, max_weights, mean_of_regions
from weldon.pooling.regions import RegionPool, accumulation_dtype, fill_padding, flatten_regions

# Beyond these the limit is exact to every digit, and beta times a score could leave the range of float32.
_ZERO, _INFINITY = 1e-30, 1e30


def generalised_pool(
    scores: Tensor, mask: Tensor | None = None, *, beta_max: float = math.inf, beta_min: float = -math.inf
) -> Tensor:
    r"""Add two soft extremes of the regions, each at its own temperature.

    .. math:: s = \frac{1}{2\beta^+} \log \frac1R \sum_h e^{\beta^+ F(h)}
                + \frac{1}{2\beta^-} \log \frac1R \sum_h e^{\beta^- F(h)}

    Paper: Eq. 8. Table 1: both 1 is HCRF and MSSVM, both 0 the average (GAP), both +inf the maximum (LSSVM),
    (+inf, -inf) MANTRA, both equal and in (1, inf) LSE. The limits at 0 and at ±inf are exact.

    Args:
        scores: ``(N, C, H, W)`` or ``(N, C, R)`` float, class evidence per region, any real.
        mask: ``(N, H, W)`` or ``(N, R)`` bool, True on real regions; None means all are real.
        beta_max: temperature of the first term, any real, 0 or ±inf.
        beta_min: temperature of the second term, likewise; negative looks for evidence against.

    Returns:
        ``(N, C)``, in the dtype of ``scores``; computed in float32 or wider.

    Raises:
        UsageError: a temperature that is NaN, shapes or dtypes that do not fit, or an image without a real
            region.

    Example:
        >>> generalised_pool(torch.tensor([[[[4.0, 2.0], [0.0, -2.0]]]]), beta_max=math.inf, beta_min=0.0)
        tensor([[2.5000]])
    """
    first, second = _check_beta(beta_max, "beta_max"), _check_beta(beta_min, "beta_min")
    regions, real = flatten_regions(scores, mask)
    return ((soft_extreme(regions, real, first) + soft_extreme(regions, real, second)) / 2).to(scores.dtype)


def lse_pool(scores: Tensor, mask: Tensor | None = None, *, beta: float = 5.0) -> Tensor:
    r"""Score each class by the log-mean-exp of its regions at one temperature.

    .. math:: s = \frac1\beta \log \frac1R \sum_h e^{\beta F(h)}

    Paper: Table 1, Eq. 8 with both temperatures equal: LSE, ProNet and the epsilon-framework for ``beta`` in
    (1, inf), HCRF and MSSVM at 1, the average at 0, the maximum at inf.

    Args:
        scores: ``(N, C, H, W)`` or ``(N, C, R)`` float, class evidence per region, any real.
        mask: ``(N, H, W)`` or ``(N, R)`` bool, True on real regions; None means all are real.
        beta: the temperature, any real, 0 or ±inf.

    Returns:
        ``(N, C)``, in the dtype of ``scores``; computed in float32 or wider.

    Raises:
        UsageError: a temperature that is NaN, shapes or dtypes that do not fit, or an image without a real
            region.

    Example:
        >>> lse_pool(torch.tensor([[[0.0, math.log(3.0)]]]), beta=1.0).exp()  # the mean of 1 and 3
        tensor([[2.]])
    """
    _check_beta(beta, "beta")
    regions, real = flatten_regions(scores, mask)
    return soft_extreme(regions, real, beta).to(scores.dtype)


def soft_extreme(regions: Tensor, real: Tensor | None, beta: float) -> Tensor:
    """Log-mean-exp over the real regions divided by beta: ``(N, C, R)`` to ``(N, C)``, float32 or wider."""
    if beta < 0:
        return -soft_extreme(-regions, real, -beta)
    if beta < _ZERO:
        return mean_of_regions(regions, real)
    if beta > _INFINITY:
        return fill_padding(regions, real, -torch.inf).max(dim=-1).values.to(accumulation_dtype(regions))
    exponents, shift = _exponents(regions, real, beta)
    near_one = mean_of_regions(torch.expm1(exponents), real)
    far = mean_of_regions(torch.exp(exponents), real)
    return shift.squeeze(-1) + torch.where(far > 0.5, torch.log1p(near_one), torch.log(far)) / beta


def soft_weights(regions: Tensor, real: Tensor | None, beta: float) -> Tensor:
    """Weight of each region in :func:`soft_extreme`, a softmax: ``(N, C, R)``, float32 or wider."""
    if beta < 0:
        return soft_weights(-regions, real, -beta)
    if beta < _ZERO:
        return average_weights(regions, real)
    if beta > _INFINITY:
        return max_weights(regions, real)
    exponents, _ = _exponents(regions, real, beta)
    return torch.softmax(fill_padding(exponents, real, -torch.inf), dim=-1)


def _exponents(regions: Tensor, real: Tensor | None, beta: float) -> tuple[Tensor, Tensor]:
    """``beta (F - max F)``, at most 0 and 0 on padding, and ``max F``, a constant for the gradient."""
    wide = regions.to(accumulation_dtype(regions))
    shift = fill_padding(wide, real, -torch.inf).amax(dim=-1, keepdim=True).detach()  # (N, C, 1)
    return beta * fill_padding(wide - shift, real, 0.0), shift


def _check_beta(beta: float, name: str) -> float:
    if isinstance(beta, bool) or not isinstance(beta, int | float) or math.isnan(beta):
        raise UsageError(f"`{name}` must be a real number or ±inf, got {beta!r}")
    return beta


def _is_limit(beta: float) -> bool:
    """Return whether a temperature stands for the average or an extreme, which no logarithm bends."""
    return abs(beta) < _ZERO or abs(beta) > _INFINITY


class GeneralisedPool(RegionPool):
    """Module of :func:`generalised_pool`.

    Args:
        beta_max: temperature of the evidence for.
        beta_min: temperature of the evidence against.
    """

    def __init__(self, *, beta_max: float = math.inf, beta_min: float = -math.inf) -> None:
        super().__init__()
        self.beta_max = _check_beta(beta_max, "beta_max")
        self.beta_min = _check_beta(beta_min, "beta_min")
        self.adds_up = all(_is_limit(beta) for beta in (self.beta_max, self.beta_min))

    def forward(self, scores: Tensor, mask: Tensor | None = None) -> Tensor:
        """Apply :func:`generalised_pool`."""
        return generalised_pool(scores, mask, beta_max=self.beta_max, beta_min=self.beta_min)

    def region_weights(self, scores: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Half a softmax for each term: evidence against where its temperature is negative, else for."""
        regions, real = flatten_regions(scores, mask)
        sides = [torch.zeros_like(regions, dtype=accumulation_dtype(regions)) for _ in range(2)]
        for beta in (self.beta_max, self.beta_min):
            sides[beta < 0] = sides[beta < 0] + soft_weights(regions, real, beta) / 2
        return sides[0], sides[1]

    def extra_repr(self) -> str:
        """Show the options in the printed module."""
        return f"beta_max={self.beta_max}, beta_min={self.beta_min}"


class LSEPool(GeneralisedPool):
    """Module of :func:`lse_pool`.

    Args:
        beta: temperature, any real.
    """

    def __init__(self, *, beta: float = 5.0) -> None:
        self_beta = _check_beta(beta, "beta")
        super().__init__(beta_max=self_beta, beta_min=self_beta)
        self.beta = self_beta

    def forward(self, scores: Tensor, mask: Tensor | None = None) -> Tensor:
        """Apply :func:`lse_pool`."""
        return lse_pool(scores, mask, beta=self.beta)

    def extra_repr(self) -> str:
        """Show the option in the printed module."""
        return f"beta={self.beta}"


def hcrf() -> GeneralisedPool:
    """HCRF and MSSVM: Eq. 8 with both temperatures at 1 (Table 1)."""
    return GeneralisedPool(beta_max=1.0, beta_min=1.0)
