"""Which file each image of an annotation tool is: under its stored name, else under the one it had before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from weldon.data.labelstudio_urls import uploaded_name
from weldon.data.locate import Finder


def stored_names(names: Sequence[str], finder: Finder, source: str) -> tuple[list[str], list[str]]:
    """Return the name under which each image is found, and a problem where two images are one file.

    Label Studio stores an upload as eight digits, a dash and its name; who has the photographs has them
    without.

    Args:
        names: of the images.
        finder: of files.
        source: name of the file that names them, for the problems.
    """
    chosen = [name if finder.find(name) else _before(name, finder) for name in names]
    meant: dict[Path, dict[str, None]] = defaultdict(dict)
    for name, used in zip(names, chosen, strict=True):
        if (path := finder.find(used)) is not None:
            meant[path.resolve()][name] = None
    problems = [
        f"{source}: {' and '.join(map(repr, list(same)[:3]))} are all found as {path}: keep a file for each"
        for path, same in meant.items()
        if len(same) > 1
    ]
    return chosen, problems


def _before(name: str, finder: Finder) -> str:
    before = uploaded_name(name)
    return before if finder.find(before) else name
