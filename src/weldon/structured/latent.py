"""The latent rule: which regions an answer is judged by, and its convex and concave part.

Every rule is a pooling of :mod:`weldon.pooling` by name; :data:`LATENT_RULES` adds the names the literature
gives to the models of Table 1.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from weldon.errors import UsageError
from weldon.pooling import GeneralisedPool, build_pooling, lse_pool
from weldon.structured.ragged import Bucket, pad_scores

LATENT_RULES: dict[str, str] = {
    "lssvm": "max",
    "mi-svm": "max",
    "gap": "avg",
    "epsilon": "lse",
    "pronet": "lse",
}


def build_latent_rule(pool: str | nn.Module, **options: object) -> nn.Module:
    """Build a pooling from its own name or from the name of its model in Table 1.

    Args:
        pool: ``"lssvm"`` (max), ``"hcrf"``, ``"mssvm"``, ``"epsilon"`` (lse), ``"gap"`` (avg), ``"mantra"``,
            ``"weldon"``, ... or any pooling module.
        options: the options of the pooling, for example ``k_max=3``.

    Raises:
        UsageError: an unknown name or option.

    Example:
        >>> build_latent_rule("lssvm"), build_latent_rule("weldon", k_max=3, k_min=1)
        (MaxPool(), WeldonPool(k_max=3, k_min=1))
    """
    name = LATENT_RULES.get(pool, pool) if isinstance(pool, str) else pool
    return build_pooling(name, **options)


def class_scores(pool: nn.Module, flat: Tensor) -> Tensor:
    """Scores of instances and classes ``(T, C)``, from those of instances and maps ``(T, C·M)``."""
    maps: Tensor = pool.class_maps(flat.T.unsqueeze(0))  # type: ignore[operator]  # (1, C, T)
    return maps[0].T


def evidence_parts(pool: nn.Module, scores: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Split the pooled score into evidence for, convex in the scores, and evidence against, concave.

    Args:
        pool: a pooling with ``region_weights``.
        scores: ``(n, C, R)`` float.
        mask: ``(n, R)`` bool or None.

    Returns:
        Two ``(n, C)``, whose sum is the pooled score and whose gradients are ``region_weights``.

    Example:
        >>> high, low = evidence_parts(build_latent_rule("mantra"), torch.tensor([[[4.0, 1.0, -2.0]]]), None)
        >>> high.item(), low.item()  # half the highest, half the lowest
        (2.0, -1.0)
    """
    if isinstance(pool, GeneralisedPool):
        return _temperature_parts(pool, scores, mask)
    maps = pool.class_maps(scores)  # type: ignore[operator]
    regions = maps if mask is None else maps.masked_fill(~mask.unsqueeze(1), 0.0)
    positive, negative = region_weights(pool, scores.detach(), mask)
    return (positive.to(maps) * regions).sum(-1), (negative.to(maps) * regions).sum(-1)


def _temperature_parts(pool: GeneralisedPool, scores: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """The two terms of Eq. 8; log-mean-exp is convex at a positive temperature, concave at a negative."""
    parts = [torch.zeros_like(scores[..., 0]) for _ in range(2)]
    for beta in (pool.beta_max, pool.beta_min):
        parts[beta < 0] = parts[beta < 0] + lse_pool(scores, mask, beta=beta) / 2
    return parts[0], parts[1]


def region_weights(pool: nn.Module, scores: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Weights of the regions as evidence for and against, both ``(n, C, R)``.

    Raises:
        UsageError: a module that cannot say.
    """
    if not hasattr(pool, "region_weights"):
        raise UsageError(
            f"`pool` must have region_weights(scores, mask) to be explained or solved deterministically, got "
            f"{type(pool).__name__}; solver='stochastic' trains any module"
        )
    return cast("tuple[Tensor, Tensor]", pool.region_weights(scores, mask))  # type: ignore[operator]


class Tangent:
    """Both parts of a latent rule, linearised at the scores ``(T, C)``: the latent choice is fixed there."""

    def __init__(self, pool: nn.Module, flat: Tensor, bucket: Bucket) -> None:
        scores = pad_scores(flat, bucket)
        self._pool, self._bucket = pool, bucket
        self._slopes = region_weights(pool, scores, bucket.mask)
        values = evidence_parts(pool, scores, bucket.mask)
        self._constants = [value - self._linear(scores, n) for n, value in enumerate(values)]

    def _linear(self, scores: Tensor, part: int) -> Tensor:
        maps = self._pool.class_maps(scores)  # type: ignore[operator]
        total: Tensor = (self._slopes[part].to(maps) * maps).sum(-1)
        return total

    def majorise(self, flat: Tensor, wanted: Tensor) -> Tensor:
        """Scores ``(n, C)``, concave where a high score is wanted and convex elsewhere, equal at the tangent.

        Where the loss falls as the score rises the convex part becomes its tangent, a lower bound; elsewhere
        the concave part does, an upper bound. A loss that is convex and monotone in each score is then convex
        in the weights and nowhere below the true one.
        """
        scores = pad_scores(flat, self._bucket)
        high, low = evidence_parts(self._pool, scores, self._bucket.mask)
        flat_high, flat_low = (self._linear(scores, n) + self._constants[n] for n in range(2))
        return torch.where(wanted[self._bucket.bags], flat_high + low, high + flat_low)
