"""Which image of a file of truth is which image of the data, where the two name them differently."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

from weldon.data.image import SUFFIXES
from weldon.data.labelstudio_urls import uploaded_name
from weldon.errors import DataError

Key = tuple[str, ...]

_ENDINGS = SUFFIXES | {".xml", ".heic", ".dcm"}


def match_names(names: Sequence[str], given: Sequence[str]) -> dict[str, str]:
    """Return, for each name that the file knows, the name it goes by there; each is used once.

    The first of these that fits: the same name; the same path without its ending; a path that ends in the
    other one (``day/a.jpg`` and ``a``); the last part alone; the last part without the digits that Label
    Studio puts before it.

    Args:
        names: of the data.
        given: of the file.

    Raises:
        DataError: two images of one side could be one of the other, all listed.

    Example:
        >>> match_names(["cat/a.jpg", "b.png"], ["a.xml", "sub/b"])
        {'cat/a.jpg': 'a.xml', 'b.png': 'sub/b'}
    """
    found = {name: name for name in names if name in set(given)}
    problems: list[str] = []
    for key in (_whole, *(_tail(levels) for levels in range(_deepest([*names, *given]), 0, -1)), _uploaded):
        open_names = [name for name in dict.fromkeys(names) if name not in found]
        taken = set(found.values())
        pairs = _by_key(open_names, key)
        for shared, theirs in _by_key((name for name in given if name not in taken), key).items():
            ours = pairs.get(shared, [])
            if len(ours) == 1 and len(theirs) == 1:
                found[ours[0]] = theirs[0]
            elif ours:
                problems.append(f"{' and '.join(theirs[:3])} could be {' and '.join(ours[:3])}")
        if problems:
            raise DataError("names could mean several images: give them with their folders, as", problems)
    return found


def _by_key(names: Iterable[str], key: Callable[[str], Key]) -> dict[Key, list[str]]:
    found: dict[Key, list[str]] = defaultdict(list)
    for name in names:
        if parts := key(name):
            found[parts].append(name)
    return found


def _whole(name: str) -> Key:
    """Return the parts of a path, the last one without the ending of a picture."""
    path = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/"))
    last = path.stem if path.suffix.lower() in _ENDINGS else path.name
    return (*(part for part in path.parts[:-1] if part != "/"), last) if last else ()


def _tail(levels: int) -> Callable[[str], Key]:
    """Return a function to the last parts of a path; paths that are shorter have none."""
    return lambda name: parts[-levels:] if len(parts := _whole(name)) >= levels else ()


def _uploaded(name: str) -> Key:
    return _whole(uploaded_name(name))[-1:]


def _deepest(names: Iterable[str]) -> int:
    return max((len(_whole(name)) for name in names), default=1)
