"""Which names of files are taken: text that every table, list and terminal can carry."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path, PurePosixPath

from weldon.errors import DataError

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


LONGEST = 190  # bytes of one part of a path: file systems allow 255, and class and ending are still to come


def inside(folder: str | Path, name: str) -> Path:
    r"""Return where a file of that name lies in a folder, whatever the name is: never outside.

    Drives, roots and ``..`` are dropped, control characters become ``_``, names too long for a disk are cut.

    Example:
        >>> inside("out", "day 1/a.jpg").as_posix(), inside("out", "../../etc/x").as_posix()
        ('out/day 1/a.jpg', 'out/etc/x')
        >>> inside("out", "C:\\data\\a.jpg").as_posix(), inside("out", "..").as_posix()
        ('out/data/a.jpg', 'out/_')
    """
    slashed = re.sub(r"[\x00-\x1f\x7f]", "_", name.replace("\\", "/"))
    parts = [part for part in slashed.split("/") if part not in ("", ".", "..")]
    if parts and re.fullmatch(r"[A-Za-z]:", parts[0]):
        parts = parts[1:]
    return Path(folder, *(shortened_name(part) for part in parts or ["_"]))


def shortened_name(part: str, limit: int = LONGEST) -> str:
    """Return one part of a path, cut to as many bytes, its ending kept.

    Example:
        >>> shortened_name("x" * 300 + ".jpg", 20)
        'xxxxxxxxxxxxxxxx.jpg'
    """
    raw = part.encode(errors="surrogateescape")
    if len(raw) <= limit:
        return part
    ending = PurePosixPath(part).suffix.encode(errors="surrogateescape")[:10]
    return (raw[: limit - len(ending)] + ending).decode(errors="ignore")


class FreeNames:
    """File names that are given out once each, also where a disk does not tell ``A`` from ``a``.

    Example:
        >>> names = FreeNames()
        >>> [names.claim(name) for name in ("a.png", "A.png", "b.png")]
        ['a.png', 'A.2.png', 'b.png']
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def claim(self, name: str, *others: str) -> str:
        """Return the first name that nobody has; where all are taken, a number goes before the ending."""
        free = next(path for path in _choices(name, *others) if one_name(path) not in self._taken)
        self._taken.add(one_name(free))
        return free


def one_name(path: str) -> str:
    """Return what two paths share that some disk takes for one: capitals and composed accents do not count.

    Example:
        >>> one_name("Caf\u00e9.JPG") == one_name("cafe\u0301.jpg")
        True
    """
    return unicodedata.normalize("NFC", path).casefold()


def refuse_shared(names: Iterable[str], tool: str) -> None:
    """Raise where a tool that names its files after the images, without their ending, would mix two images.

    Raises:
        DataError: with every such pair.
    """
    first: dict[str, str] = {}
    problems = []
    for name in names:
        key = one_name(inside("", name).with_suffix("").as_posix())
        if key in first:
            problems.append(f"{first[key]} and {name}")
        first.setdefault(key, name)
    if problems:
        raise DataError(
            f"{tool} names its files after the images without their ending, so these would share a file; "
            "rename them:",
            problems,
        )


def _choices(*wanted: str) -> Iterator[str]:
    yield from wanted
    last = PurePosixPath(wanted[-1])
    for number in count(2):
        yield last.with_name(f"{last.stem}.{number}{last.suffix}").as_posix()
