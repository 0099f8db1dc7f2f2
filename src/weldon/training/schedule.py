"""How the learning rate rises and falls."""

from __future__ import annotations

import math


def rate_factor(step: int, total: int, *, warmup: float, schedule: str) -> float:
    """Return the factor on the learning rate at ``step`` of ``total``.

    It rises linearly over the first ``warmup`` share of the steps; then it falls to 0 along half a cosine,
    or by 10 at 60 % and at 85 % (``step``), or stays (``constant``).

    Example:
        >>> [round(rate_factor(s, 10, warmup=0.2, schedule="cosine"), 2) for s in (0, 1, 2, 6, 10)]
        [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    rising = math.ceil(warmup * total)
    if step < rising:
        return (step + 1) / rising
    done = (step - rising) / max(1, total - rising)
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    if schedule == "step":
        return 0.1 ** ((done >= 0.6) + (done >= 0.85))
    return 1.0
