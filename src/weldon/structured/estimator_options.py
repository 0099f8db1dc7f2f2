"""What the options of the estimators may be."""

from __future__ import annotations

import math
import numbers
from typing import Any

from weldon.errors import UsageError

SOLVERS = ("auto", "cccp", "stochastic")


def check_options(options: dict[str, Any]) -> None:
    """Refuse options of an estimator that cannot be used.

    Args:
        options: name and value, those that are absent are not looked at.

    Raises:
        UsageError: the first of them that is out of range.

    Example:
        >>> check_options({"weight_decay": 0})
        Traceback (most recent call last):
        ...
        weldon.errors.UsageError: `weight_decay` must be a number above 0, got 0
    """
    for name in ("weight_decay", "learning_rate", "tol"):
        if name in options and not _positive(options[name]):
            raise UsageError(f"`{name}` must be a number above 0, got {options[name]!r}")
    for name in ("max_iter", "batch_size"):
        if options.get(name) is not None and not _count(options[name]):
            raise UsageError(f"`{name}` must be None or a whole number above 0, got {options[name]!r}")
    if options.get("solver", "auto") not in SOLVERS:
        raise UsageError(f"`solver` must be one of {', '.join(SOLVERS)}, got {options['solver']!r}")
    share = options.get("calibration")
    if share is not None and share != "train" and not (_positive(share) and share < 1):
        raise UsageError(
            f"`calibration` must be 'train', a share of the bags between 0 and 1, or None, got {share!r}"
        )


def _positive(value: Any) -> bool:
    return _number(value, numbers.Real) and math.isfinite(value) and value > 0


def _count(value: Any) -> bool:
    return _number(value, numbers.Integral) and value > 0


def _number(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
