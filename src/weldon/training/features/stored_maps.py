"""Feature maps in a folder, with a checksum of every row: what is damaged is never used.

``maps.npy`` ``(N, h, w, F)`` float16 and ``masks.npy`` ``(N, h, w)`` bool open in NumPy; ``rows.json`` says
which row is which image, and holds the checksums (CRC-32, as fast as the disk) and a seal over itself.

A map of a size of its own lies in as many rows as its cells fill, one after the other, the last filled up;
its rows are ``(1, cells, F)``, and ``grids`` in ``rows.json`` says how many of the cells are its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from weldon.errors import DataError, system_reason
from weldon.files import parse_json
from weldon.progress import tracked
from weldon.training.features.disk_room import refuse_small_disk

Array = np.ndarray[Any, Any]
CHUNK = 1 << 25  # bytes read at a time
LONG = 1 << 30  # bytes of which checking takes long enough to show a bar


class DamagedError(Exception):
    """Stored maps that are not as they were written; the message says what is wrong."""


@dataclass(frozen=True)
class StoredMaps:
    """Maps that are as they were written.

    Args:
        maps: ``(N, h, w, F)`` float16, memory-mapped: features last, as a 1x1 convolution reads them fastest.
        masks: ``(N, h, w)`` bool, True on cells of the photograph.
        rows: position of each image in the two arrays, the first of several, by the digest of its file.
        unreadable: digests of the files that are no images.
        grids: rows and columns of each map where maps are of different sizes, by the digest of its file.
    """

    maps: Array
    masks: Array
    rows: dict[str, int]
    unreadable: frozenset[str]
    grids: dict[str, tuple[int, int]] | None = None


class MapWriter:
    """Writes maps to a folder, row by row, by ordinary writes: a full disk is an error and not a signal.

    Args:
        folder: an empty one.
        images: how many rows there will be at most.
        place: the folder that a person knows; messages name it.
        what: the rows are, for messages.
    """

    def __init__(self, folder: Path, images: int, place: Path, *, what: str = "images") -> None:
        self.folder, self.images, self.place, self.what = folder, images, place, what
        self.masks: list[Array] = []
        self.checks: list[tuple[str, int]] = []
        self._file: IO[bytes] | None = None
        self._cell: tuple[int, ...] = ()

    def add(self, maps: Array, masks: Array, digests: Sequence[str]) -> None:
        """Append rows.

        Args:
            maps: ``(n, h, w, F)`` float16.
            masks: ``(n, h, w)`` bool.
            digests: of the n files.

        Raises:
            OSError: the disk is full, …
            DataError: the disk has too little room for all of them.
        """
        if self._file is None:
            self._cell = maps.shape[1:]
            refuse_small_disk(self.place, self.images, self._cell, what=self.what)
            self._file = (self.folder / "maps.npy").open("wb")
            self._start = self._file.write(_head((self.images, *self._cell)))
        for row, digest in zip(maps, digests, strict=True):
            content = row.tobytes()
            self._file.write(content)
            self.checks.append((digest, _check(content, digest)))
        self.masks.append(masks)

    def keep_first(self, rows: int) -> None:
        """Take back what was added after the first ``rows`` rows.

        Raises:
            OSError: the disk is full, …
        """
        if self._file is None or rows == len(self.checks):
            return
        self._file.seek(self._start + 2 * rows * int(np.prod(self._cell)))
        self._file.truncate()
        del self.checks[rows:]
        self.masks = [np.concatenate(self.masks)[:rows]]

    def finish(
        self,
        key: str,
        unreadable: Sequence[str],
        facts: dict[str, Any],
        grids: Mapping[str, tuple[int, int]] | None = None,
    ) -> None:
        """Write masks and, last, the list of rows; all is on the disk itself when this returns.

        Args:
            key: the name of the maps.
            unreadable: digests of the files that are no images.
            facts: what the maps were made from, for people.
            grids: rows and columns of each map, where they are of different sizes.

        Raises:
            OSError: the disk is full, …
        """
        assert self._file is not None
        head = _head((len(self.checks), *self._cell))
        self._file.seek(0)
        self._file.write(head)
        _sync(self._file)
        stream = io.BytesIO()
        np.save(stream, np.concatenate(self.masks))
        said = {
            "key": key,
            "shape": [len(self.checks), *self._cell],
            "head": [len(head), zlib.crc32(head)],
            "masks": zlib.crc32(stream.getvalue()),
            "images": self.checks,
            "unreadable": sorted(unreadable),
            "made_from": facts,
        } | ({} if grids is None else {"grids": dict(grids)})
        _write(self.folder / "masks.npy", stream.getvalue())
        _write(self.folder / "rows.json", json.dumps(said | {"seal": _seal(said)}).encode())

    def close(self) -> None:
        """Close the file; what was not finished is worth nothing."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # what is still in its buffer finds no room
                self._file.close()


def open_maps(folder: Path, key: str) -> StoredMaps:
    """Return the maps in ``folder`` after checking every byte of them.

    Args:
        folder: where a :class:`MapWriter` finished.
        key: that it was given.

    Raises:
        DamagedError: something is missing, cut short, changed or shuffled.
        PermissionError: a file may not be read.
    """
    try:
        said = _rows(folder / "rows.json", key)
        masks = _masks(folder / "masks.npy", said)
        with (folder / "maps.npy").open("rb") as file:
            maps = _maps(file, said)
    except PermissionError:
        raise
    except OSError as error:
        raise DamagedError(f"{Path(error.filename or folder).name}: {system_reason(error)}") from error
    rows = {digest: row for row, (digest, _) in reversed(list(enumerate(said["images"])))}
    grids = {digest: (h, w) for digest, (h, w) in said["grids"].items()} if "grids" in said else None
    return StoredMaps(maps, masks, rows, frozenset(said["unreadable"]), grids)


def larger_sets(folder: Path, facts: Mapping[str, Any], digests: set[str]) -> Iterator[tuple[str, Path]]:
    """Yield key and folder of the sets of maps that were made from ``facts`` and hold all of ``digests``.

    Args:
        folder: in which each set has a folder of its own.
        facts: what the maps were made from, besides the files.
        digests: of the files.
    """
    for path in sorted(folder.glob("*/rows.json")):
        with contextlib.suppress(DamagedError, OSError):
            said = _rows(path)
            held = {digest for digest, _ in said["images"]} | set(said["unreadable"])
            if said["made_from"] == facts and digests <= held:
                yield said["key"], path.parent


def _rows(path: Path, key: str | None = None) -> dict[str, Any]:
    try:
        said = parse_json(path.read_bytes().decode(), "rows.json")
    except (DataError, UnicodeDecodeError) as error:
        raise DamagedError("rows.json is not as it was written") from error
    if not isinstance(said, dict) or said.pop("seal", None) != _seal(said):
        raise DamagedError("rows.json is not as it was written")
    if key is not None and said["key"] != key:
        raise DamagedError("rows.json belongs to other maps")
    return said


def _masks(path: Path, said: dict[str, Any]) -> Array:
    content = path.read_bytes()
    if zlib.crc32(content) != said["masks"]:
        raise DamagedError("masks.npy is not as it was written")
    masks: Array = np.load(io.BytesIO(content), allow_pickle=False)
    return masks


def _maps(file: IO[bytes], said: dict[str, Any]) -> Array:
    """Map the rows of an open file, so that it is the checked file whatever happens to its name."""
    shape, (offset, check) = tuple(said["shape"]), said["head"]
    size, written = os.fstat(file.fileno()).st_size, offset + 2 * int(np.prod(shape))
    if size != written:
        raise DamagedError(f"maps.npy has {size} bytes in place of {written}")
    if zlib.crc32(file.read(offset)) != check:
        raise DamagedError("the head of maps.npy is not as it was written")
    wrong = _wrong_rows(file.fileno(), offset, 2 * int(np.prod(shape[1:])), said["images"])
    if wrong:
        raise DamagedError(f"{wrong} of {shape[0]} rows of maps.npy are not as they were written")
    return np.memmap(file, dtype=np.float16, mode="r", offset=offset, shape=shape)


def _wrong_rows(file: int, offset: int, row_bytes: int, images: Sequence[tuple[str, int]]) -> int:
    """Return how many rows are not as they were written, by reading them all."""
    step = max(1, CHUNK // row_bytes)

    def wrong(first: int) -> int:
        part = images[first : first + step]
        content = memoryview(_read_at(file, len(part) * row_bytes, offset + first * row_bytes))
        rows = (content[n * row_bytes : (n + 1) * row_bytes] for n in range(len(part)))
        return sum(_check(row, digest) != check for row, (digest, check) in zip(rows, part, strict=True))

    starts = range(0, len(images), step)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
        found: Iterator[int] = threads.map(wrong, starts)
        return sum(tracked(found, "checking maps", len(starts), shown=len(images) * row_bytes >= LONG))


def _read_at(file: int, count: int, offset: int) -> bytes:
    """Return ``count`` bytes of an open file, fewer at its end; threads may share the file."""
    content = os.pread(file, count, offset)
    while len(content) < count and (more := os.pread(file, count - len(content), offset + len(content))):
        content += more
    return content


def _check(row: Any, digest: str) -> int:
    # The image counts too: a row that stands for another image is as wrong as one that is damaged.
    return zlib.crc32(row, zlib.crc32(digest.encode()))


def _seal(said: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _head(shape: tuple[int, ...]) -> bytes:
    """Return the head of a NumPy file of float16; NumPy leaves room for more rows, so its length stays."""
    stream = io.BytesIO()
    said = {"descr": "<f2", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, said)
    return stream.getvalue()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        _sync(file)


def _sync(file: IO[bytes]) -> None:
    # Some file systems say only now that they are full.
    file.flush()
    os.fsync(file.fileno())
