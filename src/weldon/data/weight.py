"""How much an image counts in the loss, from the text of a cell."""

from __future__ import annotations

import re

LARGEST = 1e9  # what a float32 still adds up without overflow
# 1,5 is one and a half; 1,000 may be one or a thousand.
_NUMBER = re.compile(r"\+?(\d+|\d*\.\d+|\d+\.|\d+,(?!\d{3}(?!\d))\d+)([eE][-+]?\d{1,3})?", re.ASCII)


def parse_weight(text: str | None, where: str, problems: list[str]) -> float:
    """Return a weight, 1 for a blank; a text that is none is added to the problems.

    Args:
        text: of the cell, with a point or a comma before the decimals.
        where: file and row, for the problem.
        problems: is added to.

    Example:
        >>> parse_weight("0,5", "a.csv row 2", []), parse_weight(None, "a.csv row 3", [])
        (0.5, 1.0)
    """
    if text is None:
        return 1.0
    if _NUMBER.fullmatch(text) and (weight := float(text.replace(",", "."))) <= LARGEST:
        return weight
    problems.append(f"{where}: weight {text[:40]!r} is no number from 0 to {LARGEST:g}")
    return 1.0
