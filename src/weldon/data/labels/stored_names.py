"""Which file each image of an annotation tool is: under its stored name, else under the one it had before."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from weldon.data.image import SUFFIXES
from weldon.data.labels.locate import Finder

_FOLDER = re.compile(r"^/?data/upload/(\d+/)?")
_STORED = re.compile(r"^[0-9a-f]{8}-(?=.)")


def file_name_of(url: str) -> str:
    """Return the file an image URL of Label Studio stands for; an upload goes by the name it is stored under.

    Example:
        >>> file_name_of("/data/local-files/?d=a%20b/c.jpg"), file_name_of("/data/upload/3/0a1b2c3d-c.jpg")
        ('a b/c.jpg', '0a1b2c3d-c.jpg')
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that are no address
        return url
    if local := parse_qs(parts.query).get("d"):
        return local[0]
    if "://" in url or url.startswith("/data/"):
        return _FOLDER.sub("", unquote(parts.path)).lstrip("/") or url
    return url


def uploaded_name(file_name: str) -> str:
    """Return the name that a file had before Label Studio stored it: without eight digits and a dash.

    Example:
        >>> uploaded_name("0a1b2c3d-c.jpg"), uploaded_name("c.jpg")
        ('c.jpg', 'c.jpg')
    """
    path = PurePosixPath(file_name)
    return path.with_name(_STORED.sub("", path.name)).as_posix() if path.name else file_name


def image_url(data: Mapping[str, Any]) -> str | None:
    """Return the image of a task: under ``image``, else the first text that ends like one."""
    if isinstance(data.get("image"), str):
        return data["image"] or None
    texts = (value for value in data.values() if isinstance(value, str))
    return next(
        (text for text in texts if PurePosixPath(file_name_of(text)).suffix.lower() in SUFFIXES), None
    )


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
