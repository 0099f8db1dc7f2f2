"""Object stores: ``s3://bucket/photos`` is a path like others; whole objects or a few bytes are read."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from weldon.errors import DataError, MissingPackageError, StoreError, system_reason
from weldon.files import read_text, utf8_text

_SCHEME = "s3:"
_CONNECT_SECONDS, _READ_SECONDS, _TRIES = 5, 30, 3


def address_of(path: str | Path) -> str | None:
    """Return the address that a path stands for; None for a path on a disk.

    ``Path`` makes one slash of two, and ``absolute`` puts a folder before it: both stand for the address.

    Example:
        >>> address_of(Path("s3://bucket/photos/a.jpg").absolute())
        's3://bucket/photos/a.jpg'
        >>> address_of("photos/a.jpg") is None
        True
    """
    parts = Path(path).parts
    if _SCHEME not in parts:
        return None
    return f"{_SCHEME}//" + "/".join(parts[parts.index(_SCHEME) + 1 :])


def absolute(path: str | Path) -> Path:
    """Return a path that means the same from every folder."""
    address = address_of(path)
    return Path(path).absolute() if address is None else Path(address)


def shown(path: Path) -> str:
    """Return a path as a person writes it."""
    return address_of(path) or str(path)


def text_of(path: Path) -> str:
    """Return the text of a file, on a disk or in an object store; see :func:`weldon.files.read_text`.

    Raises:
        DataError: there is no such file, or it is no text.
        StoreError: the store does not answer, or refuses.
    """
    if address_of(path) is None:
        return read_text(path)
    try:
        return utf8_text(read_object(path), shown(path))
    except FileNotFoundError as error:
        raise DataError(f"cannot read {shown(path)}: {system_reason(error)}") from error


def sizes_in(folder: Path) -> dict[str, int]:
    """Return the names of the files of a folder, on a disk or in an object store, with their sizes in bytes.

    Raises:
        StoreError: the store does not answer, or refuses.
    """
    if address_of(folder) is not None:
        return object_sizes(folder)
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.is_file()}


def read_object(path: Path, start: int | None = None, size: int | None = None) -> bytes:
    """Return what an object holds, or ``size`` bytes of it from ``start`` on, in one request.

    Raises:
        FileNotFoundError: there is no such object.
        StoreError: the store does not answer, or refuses.
        MissingPackageError: the package for it is not installed.
    """
    end = None if start is None or size is None else start + size
    content: bytes = _asked(path, lambda store, address: store.cat_file(address, start=start, end=end))
    return content


def object_sizes(path: Path) -> dict[str, int]:
    """Return the objects below an address, in alphabetical order, with their sizes in bytes.

    Names are those below the address. An address that is an object itself, or that has none below, has none.

    Raises:
        StoreError: as for :func:`read_object`.
        MissingPackageError: likewise.
    """
    found = _asked(path, lambda store, address: store.find(address, detail=True))
    root = str(address_of(path)).removeprefix(f"{_SCHEME}//").rstrip("/") + "/"
    below = {name.removeprefix(root): said for name, said in found.items() if name.startswith(root)}
    return {name: int(said["size"]) for name, said in sorted(below.items()) if not name.endswith("/")}


def _asked(path: Path, ask: Callable[[Any, str], Any]) -> Any:
    address = str(address_of(path))
    store = _store()
    try:
        return ask(store, address)
    except FileNotFoundError:
        raise FileNotFoundError(2, "no such object", address) from None
    except Exception as error:  # those of botocore, aiohttp and the system
        raise StoreError(_sentence(address, error)) from error


def _sentence(address: str, error: Exception) -> str:
    said = (str(error).splitlines() or [""])[0].rstrip(".") or type(error).__name__
    where = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "Amazon"
    return (
        f"cannot read {address} from {where}: {said}; look at the network, at AWS_ENDPOINT_URL (a store that "
        "is not Amazon's) and at the keys (AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), and "
        "give the command again"
    )[:1000]


def _store() -> Any:
    """Return the open store of this process: fsspec keeps it, and opens another after a fork."""
    try:
        import_module("s3fs")
        fsspec = import_module("fsspec")
    except ImportError:
        raise MissingPackageError("to read from s3://", "s3fs", "s3") from None
    limits = {
        "connect_timeout": _CONNECT_SECONDS,
        "read_timeout": _READ_SECONDS,
        "retries": {"total_max_attempts": _TRIES, "mode": "standard"},
    }
    return fsspec.filesystem("s3", config_kwargs=limits, use_listings_cache=False)
