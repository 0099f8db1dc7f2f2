"""Archives to folders: nothing outside, nothing but files and folders, and no more than is likely."""

from __future__ import annotations

import gzip
import lzma
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any

from weldon.data.public.download import Progress
from weldon.errors import DataError

SWELLS = 50  # bytes an archive may give for each of its own; text gives 20, photographs 1
_BESIDE = 1 << 26  # bytes that any archive may give
_LONGEST_HEADER = 1 << 20  # bytes; a name of gigabytes would be read at once
_CHUNK = 1 << 20
_DAMAGE = (
    *(tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, struct.error),
    *(gzip.BadGzipFile, ValueError, IndexError, OverflowError, RuntimeError, NotImplementedError),
)


def unpack(path: Path, folder: Path, *, progress: Progress | None = None) -> None:
    """Unpack a tar (gzipped or not) or zip archive; a tar inside it goes into a folder of its own name.

    Files get the permissions of any new file here, whatever the archive says.

    Args:
        path: of the archive.
        folder: made where needed; files that are there are replaced.
        progress: told the bytes of the archive that were read.

    Raises:
        DataError: the archive is damaged, would write outside the folder, holds links or devices, two files
            of one name, or swells beyond ``SWELLS`` times its size.
        OSError: the disk is full, or a name is not one that it takes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    size = path.stat().st_size
    place = _Place(path, folder, SWELLS * size + _BESIDE)

    def tell(done: int) -> None:
        if progress is not None:
            progress(f"unpacking {path.name}", min(done, size), size)

    try:
        with path.open("rb") as raw:
            (_unpack_zip if path.suffix == ".zip" else _unpack_tar)(raw, place, tell)
    except _DAMAGE as error:
        raise DataError(f"{path} cannot be unpacked: {error}; remove it and run again") from error


@dataclass
class _Place:
    """Where an archive is unpacked, and what was written of it.

    Args:
        archive: its file, for messages.
        folder: nothing is written outside it.
        room: bytes that may still be written.
        names: spelling of each file written, by the name a disk that ignores case would give it.
    """

    archive: Path
    folder: Path
    room: int
    names: dict[str, str] = field(default_factory=dict)

    def refuse(self, name: str, why: str) -> DataError:
        return DataError(f"{self.archive} cannot be trusted: {name[:200]!r} {why}; nothing more was unpacked")

    def path(self, name: str) -> Path:
        """Return where a member goes, by the rules of every system at once."""
        parts = PureWindowsPath(name).parts
        if PureWindowsPath(name).anchor or ".." in parts:
            raise self.refuse(name, "leads out of the folder")
        if any(ord(letter) < 32 for letter in name):
            raise self.refuse(name, "holds control characters")
        return self.folder / PurePosixPath(name)

    def write(self, name: str, content: IO[bytes], size: int) -> None:
        """Write one file of ``size`` bytes by its declaration."""
        path = self.path(name)
        if path == self.folder:
            raise self.refuse(name, "names no file")
        key = unicodedata.normalize("NFC", str(path)).casefold()
        if key in self.names and (self.names[key] == str(path) or path.exists()):
            raise self.refuse(name, "is there twice, in one spelling or in two that are one on this disk")
        self.names[key] = str(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self.spend(size)
        with path.open("xb") as file:
            while block := content.read(_CHUNK):
                file.write(block)
        if path.stat().st_size > size:
            raise self.refuse(name, "is longer than declared")

    def spend(self, size: int) -> None:
        """Count ``size`` bytes as written."""
        self.room -= size
        if self.room < 0:
            raise DataError(f"{self.archive} swells to more than {SWELLS} times its size: it is no data set")


class _Careful:
    """A file for ``tarfile``, which reads whatever length a header declares: too long ones are refused."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self.file, self.most = file, most
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        if self.file.tell() > self.most:
            raise tarfile.ReadError("it swells without end")
        return self.file.read(size)


def _unpack_tar(raw: IO[bytes], place: _Place, tell: Callable[[int], None]) -> None:
    with _unzipped(raw) as plain:
        # Headers and padding take up to 1,024 bytes for each file, which may be empty.
        stream: Any = _Careful(plain, 2 * place.room + _BESIDE)
        for member, content in _members(stream, place):
            if member.name.endswith(".tar"):
                own = str(PurePosixPath(member.name).with_name(PurePosixPath(member.name).stem or ".."))
                place.path(own)
                inner: Any = _Careful(content, member.size)
                for file, inside in _members(inner, place, f"{own}/"):
                    place.write(f"{own}/{file.name}", inside, file.size)
            else:
                place.write(member.name, content, member.size)
            tell(raw.tell())
        while stream.read(_CHUNK):
            pass  # to the end, where gzip keeps its checksum


@contextmanager
def _unzipped(raw: IO[bytes]) -> Iterator[IO[bytes]]:
    is_gzip = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    if not is_gzip:
        yield raw
        return
    with gzip.GzipFile(fileobj=raw, mode="rb") as plain:
        yield plain  # type: ignore[misc]


def _members(stream: Any, place: _Place, below: str = "") -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    """Yield the files of a tar with their content; make its folders, refuse everything else."""
    with tarfile.open(fileobj=stream, mode="r:") as archive:
        for member in archive:
            if member.isdir():
                place.path(below + member.name).mkdir(parents=True, exist_ok=True)
                continue
            content = archive.extractfile(member) if member.isfile() else None
            if content is None:
                raise place.refuse(below + member.name, "is a link or a device, no file")
            yield member, content


def _unpack_zip(raw: IO[bytes], place: _Place, tell: Callable[[int], None]) -> None:
    with zipfile.ZipFile(raw) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > place.room:
            place.spend(place.room + 1)
        done = 0
        for member in members:
            kind = stat.S_IFMT(member.external_attr >> 16)
            if member.is_dir():
                place.path(member.filename).mkdir(parents=True, exist_ok=True)
            elif kind not in (0, stat.S_IFREG):
                raise place.refuse(member.filename, "is a link or a device, no file")
            else:
                with archive.open(member) as content:
                    place.write(member.filename, content, member.file_size)
            done += member.compress_size
            tell(done)
