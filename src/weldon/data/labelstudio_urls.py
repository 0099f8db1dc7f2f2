"""From the address of an image in Label Studio to the name of its file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from weldon.data.image import SUFFIXES

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
