"""Read and check a number of regions, written as a count or as a share; torch is not needed for that."""

from __future__ import annotations

from typing import Literal, TypeAlias

from weldon.errors import UsageError

Count: TypeAlias = int | float | Literal["all"]

MOST = 2**31 - 1  # regions: tensors count no further


def check_count(k: Count, name: str, *, least: Literal[0, 1] = 1) -> Count:
    """Return ``k`` unchanged if it is a count, a share or ``"all"``.

    Raises:
        UsageError: a bool, a count under ``least``, a float outside (0, 1) (1.0 could mean one region or all
            of them), or anything else; the message calls the argument ``name``.
    """
    if isinstance(k, str):
        accepted = k == "all"
    elif isinstance(k, bool) or not isinstance(k, int | float):
        accepted = False
    else:
        accepted = least <= k <= MOST if isinstance(k, int) else 0.0 < k < 1.0
    if accepted:
        return k
    hint = "; 1.0 is ambiguous: write 1 for one region, 'all' for every region" if k == 1.0 else ""
    raise UsageError(
        f"`{name}` must be a count (int, at least {least}), a share of the regions (float between 0 and 1, "
        f"both excluded) or 'all', got {k!r}{hint}"
    )


def parse_count(text: str) -> Count:
    """Read a count or share as it is written on a command line or in a table.

    Raises:
        UsageError: text that is none of the forms below, and 1.0, which could be one region or all.

    Example:
        >>> [parse_count(text) for text in ("20", "20%", "0.2", "100%", "all", "0")]
        [20, 0.2, 0.2, 'all', 'all', 0]
    """
    written = text.strip().lower()
    if written in ("all", "100%"):
        return "all"
    try:
        number = float(written.removesuffix("%")) / 100 if written.endswith("%") else _number(written)
    except ValueError:
        number = -1.0
    if number == 0:
        return 0
    if (isinstance(number, int) and 0 < number <= MOST) or 0.0 < number < 1.0:
        return number
    raise UsageError(
        f"a number of regions must be a count ('20'), a share ('20%' or '0.2') or 'all', got {text!r}"
        + ("; write 1 for one region, 'all' for every region" if number == 1.0 else "")
    )


def _number(written: str) -> int | float:
    return int(written) if written.lstrip("+-").isdecimal() else float(written)
