"""Scores of regions in, scores of classes out: ``(N, C, H, W)`` or ``(N, C, R)`` and a mask to ``(N, C)``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weldon.lazy import lazy_names

if TYPE_CHECKING:
    from weldon.pooling.count import Count, check_count, parse_count
    from weldon.pooling.max_average import AveragePool, MaxPool, average_pool, max_pool
    from weldon.pooling.rank_weighted import GWRPPool, gwrp_pool
    from weldon.pooling.regions import RegionPool, flatten_regions, resolve_count
    from weldon.pooling.registry import POOLINGS, build_pooling
    from weldon.pooling.temperature import GeneralisedPool, LSEPool, generalised_pool, lse_pool
    from weldon.pooling.weldon import WeldonPool, weldon_pool
    from weldon.pooling.wildcat import WildcatPool, wildcat_pool

__getattr__, __dir__ = lazy_names(__name__)

__all__ = [
    "POOLINGS",
    "AveragePool",
    "Count",
    "GWRPPool",
    "GeneralisedPool",
    "LSEPool",
    "MaxPool",
    "RegionPool",
    "WeldonPool",
    "WildcatPool",
    "average_pool",
    "build_pooling",
    "check_count",
    "flatten_regions",
    "generalised_pool",
    "gwrp_pool",
    "lse_pool",
    "max_pool",
    "parse_count",
    "resolve_count",
    "weldon_pool",
    "wildcat_pool",
]
