"""Poolings by name, the one list that options, tables and error messages read.

A pooling is named by where it stands and loaded when it is built, so that the list can be read without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from weldon.class_options import options_of
from weldon.errors import UsageError
from weldon.lazy import LazyDict

if TYPE_CHECKING:
    from torch import nn

POOLINGS = LazyDict(
    {
        "max": "weldon.pooling.max_average:MaxPool",
        "avg": "weldon.pooling.max_average:AveragePool",
        "lse": "weldon.pooling.temperature:LSEPool",
        "hcrf": "weldon.pooling.temperature:hcrf",
        "mssvm": "weldon.pooling.temperature:hcrf",
        "generalised": "weldon.pooling.temperature:GeneralisedPool",
        "gwrp": "weldon.pooling.rank_weighted:GWRPPool",
        "mantra": "weldon.pooling.weldon:mantra",
        "weldon": "weldon.pooling.weldon:WeldonPool",
        "wildcat": "weldon.pooling.wildcat:WildcatPool",
    }
)


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
    from torch import nn

    if isinstance(pool, nn.Module):
        if options:
            raise UsageError(
                f"`pool` is a {type(pool).__name__} already built: it takes no {', '.join(options)}"
            )
        return pool
    if pool not in POOLINGS:
        raise UsageError(f"`pool` must be one of {', '.join(POOLINGS)} or a torch.nn.Module, got {pool!r}")
    known = [option.name for option in options_of(POOLINGS.data[pool])]
    unknown = [name for name in options if name not in known]
    if unknown:
        choices = f"has the options {', '.join(known)}" if known else "has no options"
        raise UsageError(f"pooling {pool!r} {choices}, got {', '.join(unknown)}")
    built: nn.Module = POOLINGS[pool](**options)
    return built
