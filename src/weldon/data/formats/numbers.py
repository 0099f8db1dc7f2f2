"""Numbers in the files of other tools: real ones of a size that a picture can have, or refused by value."""

from __future__ import annotations

from math import isfinite
from typing import Any

from weldon.data.record import Box

LARGEST = 1e9  # pixels; no picture is as wide, and every sum of such numbers is exact enough


def number(value: Any) -> float:
    """Return a number, given as one or as text.

    Raises:
        ValueError: no number, not finite, or larger than any picture.

    Example:
        >>> number("160.0"), number(3)
        (160.0, 3.0)
    """
    try:
        found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        found = None
    if found is None or not isfinite(found) or abs(found) > LARGEST:
        raise ValueError(f"{shortened(value)} is no number that a picture can have")
    return found


def side(value: Any) -> int:
    """Return the width or height of an image in whole pixels; 0 where a file does not tell.

    Raises:
        ValueError: no number, or below 0.

    Example:
        >>> side("120"), side(160.0), side(None)
        (120, 160, 0)
    """
    found = 0.0 if value in (None, "") else number(value)
    if found < 0:
        raise ValueError(f"{shortened(value)} is no width or height")
    return round(found)


def confidence(value: Any) -> float | None:
    """Return a score; None where there is none.

    Raises:
        ValueError: no number.
    """
    return None if value in (None, "") else number(value)


def drawn_box(
    label: str, edges: tuple[float, ...], score: float | None = None, *, difficult: bool = False
) -> Box | None:
    """Return the box between edges x1, y1, x2, y2; None where it has no inside (or is inside out)."""
    x1, y1, x2, y2 = edges
    return Box(label, x1, y1, x2, y2, score, difficult) if x2 > x1 and y2 > y1 else None


def shortened(value: Any) -> str:
    """Return a value as a message repeats it.

    Example:
        >>> shortened("wide"), len(shortened("x" * 1000))
        ("'wide'", 60)
    """
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
