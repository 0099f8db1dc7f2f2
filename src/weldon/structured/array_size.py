"""What a file may ask for: an array larger than the machine's memory is refused before it is made."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import prod
from pathlib import Path

from weldon.errors import DataError

_BYTES = 4  # of float32


def machine_memory() -> int:
    """Return the bytes of memory this machine has; where it does not say, a very large number."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 1 << 62


def refuse_too_large(path: Path, shape: Sequence[int]) -> None:
    """Refuse an array of float32 that cannot be held.

    Raises:
        DataError: names the file and how large it is.

    Example:
        >>> refuse_too_large(Path("a.npy"), (10**12, 512))
        Traceback (most recent call last):
        weldon.errors.DataError: a.npy declares 1000000000000 x 512 numbers, more than fit in memory
    """
    if prod(shape) * _BYTES > machine_memory():
        said = " x ".join(map(str, shape))
        raise DataError(f"{path} declares {said} numbers, more than fit in memory")
