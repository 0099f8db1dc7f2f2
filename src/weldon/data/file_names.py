"""Which names of files are taken: text that every table, list and terminal can carry."""

from __future__ import annotations

import re

# What Python makes of bytes that are no UTF-8, and controls, line ends among them.
_UNFIT = re.compile(r"[\ud800-\udfff\x00-\x1f\x7f]")
UNFIT = "its name is no UTF-8 text or holds control characters: rename it"


def is_fit(name: str) -> bool:
    r"""Return whether a name can be written into tables and lists and read back.

    Example:
        >>> [is_fit(name) for name in ('a, "b".jpg', "a\nb.jpg", "caf\udce9.jpg")]
        [True, False, False]
    """
    return _UNFIT.search(name) is None
