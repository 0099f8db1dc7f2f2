"""One file from the web: resumed where it stopped, from the first address that has it, and verified."""

from __future__ import annotations

import errno
import hashlib
import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, TypeGuard

from weldon.data.public.entry import Archive
from weldon.errors import DataError, system_reason

# Called with what is going on, the bytes done and the bytes there are (None when nobody knows).
Progress = Callable[[str, int, int | None], None]

TIMEOUT = 60.0  # seconds without a byte
RETRIES = 4  # attempts in a row that bring nothing
CHUNK = 1 << 20


class _RefusedError(Exception):
    """An address that does not have the file that is expected; the next one may."""


def download(archive: Archive, folder: Path, *, progress: Progress | None = None, pause: float = 2.0) -> Path:
    """Return the file of an archive in ``folder``, fetching what is missing of it.

    A part that an earlier call left is continued; a file that is there is verified and kept. Without a
    checksum nothing is continued, since nothing would tell that the two halves belong together.

    Args:
        archive: what to fetch.
        folder: made where needed.
        progress: told what is going on.
        pause: seconds before the first retry of an interrupted connection, twice as long before each next.

    Raises:
        DataError: no address has the file, or the one in the folder is not the published one.
    """
    path = folder / archive.name
    if path.is_file():
        if not matches(path, archive, progress=progress):
            raise DataError(f"{path} is not the published file (its size or checksum differs): remove it")
        return path
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{archive.name}.part"
    problems = []
    for address in archive.addresses:
        try:
            _fetch(address, part, archive, progress, pause)
            if not matches(part, archive, progress=progress):
                part.unlink()
                raise _RefusedError("what it sends has another checksum than was published")
            return part.replace(path)
        except (_RefusedError, OSError, http.client.HTTPException) as error:
            if _is_local(error):
                reason = system_reason(error)
                raise DataError(f"{part} cannot be written: {reason}; then run again to go on") from error
            problems.append(f"{address}: {_reason(error)}")
    raise DataError(
        f"{archive.name} cannot be fetched; run the same command again to go on where it stopped, or fetch "
        f"it in a browser and put it into {folder}",
        problems,
    )


def matches(path: Path, archive: Archive, *, progress: Progress | None = None) -> bool:
    """Return whether a file has the published size and checksum; without either, every file does."""
    size = path.stat().st_size
    if archive.size is not None and size != archive.size:
        return False
    if archive.checksum is None:
        return True
    algorithm, expected = archive.checksum.split(":")
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        for block in _blocks(file):
            digest.update(block)
            _tell(progress, f"verifying {archive.name}", file.tell(), size)
    return digest.hexdigest() == expected


def _fetch(address: str, part: Path, archive: Archive, progress: Progress | None, pause: float) -> None:
    """Bring ``part`` to its full length; connections that break are taken up again."""
    fruitless = 0
    if archive.checksum is None:
        part.unlink(missing_ok=True)
    while True:
        before = _length(part)
        try:
            _receive(address, part, archive, progress)
            return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                raise
            failure: Exception = error
        except (OSError, http.client.HTTPException) as error:
            if _is_local(error):
                raise
            failure = error
        fruitless = 0 if _length(part) > before else fruitless + 1
        if fruitless == RETRIES:
            raise failure
        time.sleep(pause * 2**fruitless)


def _receive(address: str, part: Path, archive: Archive, progress: Progress | None) -> None:
    """Append to ``part`` what one connection brings; raise when it ends before its time."""
    start = _length(part)
    if archive.size is not None and start >= archive.size:
        if start == archive.size:
            return
        part.unlink()
        start = 0
    headers = {"User-Agent": "weldon", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with _open(address, headers, part, archive.size) as answer:
        continued = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(
            f"bytes {start}-"
        )
        start = start if continued else 0
        length = answer.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else archive.size
        if archive.size is not None and total != archive.size:
            raise _RefusedError(f"it offers {total:,} bytes instead of {archive.size:,}")
        with part.open("ab" if continued else "wb") as file:
            for block in _blocks(answer):
                if total is not None and start + len(block) > total:
                    raise _RefusedError(f"it sends more than the {total:,} bytes there are")
                file.write(block)
                start += len(block)
                _tell(progress, f"fetching {archive.name}", start, total)
    if total is not None and start != total:
        raise ConnectionError(f"the connection ended after {start:,} of {total:,} bytes")


def _open(address: str, headers: dict[str, str], part: Path, size: int | None) -> http.client.HTTPResponse:
    """Open an address; a part longer than the file there is thrown away and asked for anew."""
    try:
        opener = urllib.request.build_opener(_NoLessSafe)
        return opener.open(urllib.request.Request(address, headers=headers), timeout=TIMEOUT)  # type: ignore[no-any-return]
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        there = _length(part)
        part.unlink(missing_ok=True)
        if size is not None and there < size:
            raise _RefusedError(f"its file ends before {there + 1:,} of {size:,} bytes") from error
        raise ConnectionError("the part here is not shorter than the file there: starting anew") from error


class _NoLessSafe(urllib.request.HTTPRedirectHandler):
    """Follow an answer to another address unless it leaves the web or gives up encryption."""

    def redirect_request(self, req: Any, *answer: Any) -> Any:  # file, code, message, headers, new address
        """Return the request of the new address."""
        newurl = answer[-1]
        if urllib.parse.urlsplit(newurl).scheme not in ("https", req.type):
            raise _RefusedError(f"it leads to {newurl}, which is not encrypted or not on the web")
        return super().redirect_request(req, *answer)


def _blocks(file: IO[bytes] | http.client.HTTPResponse) -> Iterator[bytes]:
    while block := file.read(CHUNK):
        yield block


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _tell(progress: Progress | None, what: str, done: int, total: int | None) -> None:
    if progress is not None:
        progress(what, done, total)


def _is_local(error: Exception) -> TypeGuard[OSError]:
    """Return whether this machine failed (full disk, no permission), so that asking again is of no use."""
    if not isinstance(error, OSError) or isinstance(error, urllib.error.URLError):
        return False
    return error.filename is not None or error.errno in (errno.ENOSPC, errno.EDQUOT)


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}"
    return str(getattr(error, "reason", None) or error) or type(error).__name__
