"""Values as JSON knows them: text for keys, null where a number is none."""

from __future__ import annotations

import math
from typing import Any


def json_values(value: Any) -> Any:
    """Return nested dictionaries, lists and numbers with NaN and infinity as None, keys as text.

    Example:
        >>> json_values({1: (0.5, float("nan")), "b": float("inf")})
        {'1': [0.5, None], 'b': None}
    """
    if isinstance(value, dict):
        return {str(key): json_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_values(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
