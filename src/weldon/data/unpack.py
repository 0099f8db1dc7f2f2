"""Archives to folders: nothing is written outside, archives inside archives get a folder each."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from weldon.data.download import Progress
from weldon.errors import DataError


def unpack(path: Path, folder: Path, *, progress: Progress | None = None) -> None:
    """Unpack a tar (gzipped or not) or zip archive; a tar inside it goes into a folder of its own name.

    Args:
        path: of the archive.
        folder: made where needed; files that are there are replaced.
        progress: told the bytes of the archive that were read.

    Raises:
        DataError: the archive is damaged, or would write outside the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if path.suffix == ".zip":
            _unpack_zip(path, folder, progress)
        else:
            _unpack_tar(path, folder, progress)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} cannot be unpacked: {error}; remove it and run again") from error


def _unpack_tar(path: Path, folder: Path, progress: Progress | None) -> None:
    size = path.stat().st_size
    with path.open("rb") as raw, tarfile.open(fileobj=raw, mode="r:*") as archive:
        for member in archive:
            if member.isfile() and member.name.endswith(".tar"):
                _unpack_inner(archive, member, folder)
            else:
                archive.extract(member, folder, filter="data")
            if progress is not None:
                progress(f"unpacking {path.name}", min(raw.tell(), size), size)
        while archive.fileobj is not None and archive.fileobj.read(2**20):
            pass  # to the end, where gzip keeps its checksum


def _unpack_inner(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Unpack a tar without writing it first: ImageNet's training images are a tar of a thousand tars."""
    stream = archive.extractfile(member)
    with tarfile.open(fileobj=stream, mode="r:") as inner:
        inner.extractall(folder / PurePosixPath(member.name).stem, filter="data")


def _unpack_zip(path: Path, folder: Path, progress: Progress | None) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        total = sum(member.compress_size for member in members)
        done = 0
        for member in members:
            archive.extract(member, folder)  # which drops roots and ".." from names
            done += member.compress_size
            if progress is not None:
                progress(f"unpacking {path.name}", done, total)
