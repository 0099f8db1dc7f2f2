"""Poolings by name, the one list that options, tables and error messages read."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from torch import nn

from weldon.errors import UsageError
from weldon.pooling.max_average import AveragePool, MaxPool
from weldon.pooling.rank_weighted import GWRPPool
from weldon.pooling.temperature import GeneralisedPool, LSEPool
from weldon.pooling.weldon import WeldonPool
from weldon.pooling.wildcat import WildcatPool


def _hcrf() -> GeneralisedPool:
    """HCRF and MSSVM: Eq. 8 with both temperatures at 1 (Table 1)."""
    return GeneralisedPool(beta_max=1.0, beta_min=1.0)


def _mantra() -> WeldonPool:
    """MANTRA: the highest and the lowest region (Eq. 3)."""
    return WeldonPool(k_max=1, k_min=1)


POOLINGS: dict[str, Callable[..., nn.Module]] = {
    "max": MaxPool,
    "avg": AveragePool,
    "lse": LSEPool,
    "hcrf": _hcrf,
    "mssvm": _hcrf,
    "generalised": GeneralisedPool,
    "gwrp": GWRPPool,
    "mantra": _mantra,
    "weldon": WeldonPool,
    "wildcat": WildcatPool,
}


def build_pooling(pool: str | nn.Module, **options: object) -> nn.Module:
    """Build the pooling module of a name, or pass a module of your own through.

    Args:
        pool: a key of :data:`POOLINGS`, or any module that turns ``(scores, mask)`` into ``(N, C)``.
        options: the options of the named pooling, for example ``k_max=0.2``.

    Raises:
        UsageError: an unknown name, an option the pooling does not have (the message lists what there is), or
            an option with a value out of range.

    Example:
        >>> build_pooling("weldon", k_max=0.2, k_min=3)
        WeldonPool(k_max=0.2, k_min=3)
    """
    if isinstance(pool, nn.Module):
        if options:
            raise UsageError(
                f"`pool` is a {type(pool).__name__} already built: it takes no {', '.join(options)}"
            )
        return pool
    if pool not in POOLINGS:
        raise UsageError(f"`pool` must be one of {', '.join(POOLINGS)} or a torch.nn.Module, got {pool!r}")
    known = inspect.signature(POOLINGS[pool]).parameters
    unknown = [name for name in options if name not in known]
    if unknown:
        choices = f"has the options {', '.join(known)}" if known else "has no options"
        raise UsageError(f"pooling {pool!r} {choices}, got {', '.join(unknown)}")
    return POOLINGS[pool](**options)
