"""Time several ways to do one thing in turn, so that a busy machine is busy for all, and say the ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch

Way = Callable[[], Any]


def in_turn(ways: Mapping[str, Way], *, rounds: int, cuda: bool = False) -> dict[str, dict[str, float]]:
    """Return milliseconds of each way and how many times longer than the first it takes.

    Args:
        ways: by name, ours first.
        rounds: of which the median counts, after a first one, which is told apart; the ratio is the
            median of the ratios within the rounds.
        cuda: wait for the device before and after each.
    """
    first: dict[str, float] = {}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            wait(cuda)
            started = time.perf_counter()
            way()
            wait(cuda)
            spent = 1e3 * (time.perf_counter() - started)
            if number:
                taken[name].append(spent)
            else:
                first[name] = spent
    ours = taken[next(iter(ways))]
    return {
        name: {
            "ms": statistics.median(times),
            "least_ms": min(times),
            "first_ms": first[name],
            "ratio": statistics.median(other / own for other, own in zip(times, ours, strict=True)),
        }
        for name, times in taken.items()
    }


def wait(cuda: bool) -> None:
    if cuda:
        torch.cuda.synchronize()


def tell(title: str, found: Mapping[str, Mapping[str, float]]) -> None:
    """Print a row: ours in milliseconds, the others as multiples of it."""
    (ours, own), *others = found.items()
    rest = ", ".join(f"{name} {values['ratio']:.2f} x" for name, values in others)
    print(f"{title:58} {ours} {own['ms']:9.3f} ms   {rest}", flush=True)
