"""A picture inside a shard has a path: ``train-000000.tar/512-90210.jpg`` says where its bytes lie."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from weldon.data.stores import address_of, read_object

_PLACE = re.compile(r"(\d{1,15})-(\d{1,12})(\.\w+)?")


def member_path(shard: Path, offset: int, size: int, ending: str) -> Path:
    """Return the path of a picture inside a tar.

    Args:
        shard: the tar.
        offset: of its first byte.
        size: in bytes.
        ending: of its name, with the dot.

    Example:
        >>> member_path(Path("train-000000.tar"), 512, 90210, ".jpg").as_posix()
        'train-000000.tar/512-90210.jpg'
    """
    return shard / f"{offset}-{size}{ending}"


def shard_of(path: Path) -> Path | None:
    """Return the tar that a picture lies in; None for a file of its own."""
    if path.parent.suffix != ".tar" or _PLACE.fullmatch(path.name) is None:
        return None
    return path.parent if address_of(path) is not None or path.parent.is_file() else None


def place_in(path: Path) -> tuple[Path, int, int] | None:
    """Return the shard of a picture, the place of its first byte and its size; None for a file of its own."""
    shard, place = shard_of(path), _PLACE.fullmatch(path.name)
    return None if shard is None or place is None else (shard, int(place[1]), int(place[2]))


def by_place(paths: Iterable[Path]) -> list[Path]:
    """Return paths in the order in which a disk reads them at once: pictures inside shards by their place.

    Files of their own come first and keep their order.
    """
    first = (Path(), 0, 0)
    return sorted(paths, key=lambda path: place_in(path) or first)


def lies_in_another(path: Path) -> bool:
    """Return whether a picture is no file of its own, but a part of a shard or in an object store."""
    return address_of(path) is not None or shard_of(path) is not None


def member_bytes(path: Path) -> bytes | None:
    """Return what a picture inside a shard or in an object store holds; None for a file of its own.

    Raises:
        OSError: the shard cannot be read, or ends before the picture does.
        StoreError: the object store does not answer, or refuses.
    """
    if (place := place_in(path)) is None:
        return None if address_of(path) is None else read_object(path)
    shard, offset, size = place
    if address_of(path) is not None:
        content = read_object(shard, offset, size)
    else:
        with shard.open("rb") as file:
            file.seek(offset)
            content = file.read(size)
    if len(content) < size:
        raise OSError(f"the shard {shard.name} ends before it: copy the shard again, or write it anew")
    return content
