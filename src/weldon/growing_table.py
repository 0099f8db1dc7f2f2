"""Add rows to a CSV file that only grows: each is on the disk at once, and two writers lose none."""

from __future__ import annotations

import contextlib
import csv
import errno
import fcntl
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from weldon.errors import DataError
from weldon.files import read_text
from weldon.text import best_separator

_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)  # a file system that has none
_MARK = b"\xef\xbb\xbf"  # what Excel writes before UTF-8

Row = tuple[int, dict[str, str]]


def append_row(path: str | Path, row: Mapping[str, str], columns: Sequence[str]) -> None:
    """Write one row below the others; a missing file is made, with its header.

    The row goes out in one piece, under a lock that threads and processes share. What a killed writer left
    of a last row is removed first; whole rows are never touched.

    Args:
        path: of the file.
        row: a cell for each column, without line ends.
        columns: the header.

    Raises:
        DataError: the file holds another header, as after a spreadsheet has saved it with semicolons.
        OSError: no room, no permission, …; it names ``path``, and the file is as it was.
    """
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    with _locked(place) as descriptor:
        size = os.fstat(descriptor).st_size
        before = b""
        if size == 0:
            before = _line(columns)
        else:
            _refuse_other_header(place, descriptor, columns)
            kept, before = _end(descriptor, size, len(columns))
            if kept < size:
                os.ftruncate(descriptor, kept)
                size = kept
        _write_whole(place, descriptor, before + _line([row[name] for name in columns]), size)


def read_rows(path: str | Path, needed: Sequence[str]) -> tuple[list[Row], str | None]:
    """Return the rows, numbered as in a spreadsheet, and what a killed writer left of a last one.

    Tables that a person made or saved again are read as well: any usual separator, columns in any order. A
    file of no bytes has no rows: its first writer has made it and not yet written, or was killed between.

    Args:
        path: of the file.
        needed: columns that must be there.

    Raises:
        DataError: it cannot be read, lacks a column, or a row is longer or shorter than the header.
    """
    text = _settled_text(Path(path))
    if not text:
        return [], None
    whole, _, rest = text.rpartition("\n")
    header = text.split("\n", 1)[0]
    separator = best_separator(header, lambda names: set(needed) <= set(names))
    if separator is None:
        raise DataError(f"{path} row 1 must name the columns {', '.join(needed)}; it reads {header[:120]!r}")
    names = _cells(header, separator)
    cut = rest if rest and len(_cells(rest, separator)) < len(names) else None
    numbered, problems = [], []
    for number, cells in enumerate(csv.reader(io.StringIO(whole if cut else text), delimiter=separator), 1):
        if number == 1 or not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            problems.append(f"row {number}: {len(cells)} cells, the header has {len(names)}")
        numbered.append((number, dict(zip(names, cells, strict=False))))
    if problems:
        raise DataError(f"{path} is damaged; correct or remove these rows:", problems)
    return numbered, cut


def _settled_text(place: Path) -> str:
    """Return the text while nobody writes, so that no row is seen half."""
    if not place.is_file() or not os.access(place, os.R_OK):
        return read_text(place)  # which says what is wrong
    with place.open("rb") as file:
        _lock(file.fileno(), fcntl.LOCK_SH)
        return read_text(place)


def _lock(descriptor: int, kind: int) -> None:
    """Wait for a lock of the open file, which threads hold apart too; where there are no locks, go on."""
    try:
        fcntl.flock(descriptor, kind)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[int]:
    """Yield a descriptor of the file that has this name once the lock is held: an editor may replace it."""
    while True:
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            _lock(descriptor, fcntl.LOCK_EX)
            if not _is_still(place, descriptor):
                continue
            yield descriptor
            return
        finally:
            os.close(descriptor)


def _is_still(place: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(place))
    except FileNotFoundError:
        return False


def _refuse_other_header(place: Path, descriptor: int, columns: Sequence[str]) -> None:
    wanted = _line(columns)
    start = os.pread(descriptor, len(_MARK) + len(wanted) + 1, 0).removeprefix(_MARK)
    if not start.replace(b"\r\n", b"\n").startswith(wanted):
        raise DataError(
            f"{place} row 1 must read {','.join(columns)}, so nothing was added: save it as CSV UTF-8 with "
            "commas, or name another file"
        )


def _end(descriptor: int, size: int, columns: int) -> tuple[int, bytes]:
    """Return how many bytes to keep, and the line end that the last row lacks."""
    start, tail = size, b""
    while b"\n" not in tail and start:
        start = max(0, start - 4096)
        tail = os.pread(descriptor, size - start, start)
    rest = tail.rpartition(b"\n")[2]
    if not rest:
        return size, b""
    whole = len(_cells(rest.decode(errors="replace"), ",")) == columns
    return (size, b"\n") if whole else (size - len(rest), b"")


def _cells(line: str, separator: str) -> list[str]:
    """Return the cells of one line; none where a quote is open, as in a line that was cut off."""
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return []


def _line(cells: Sequence[str]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(cells)
    return stream.getvalue().encode()


def _write_whole(place: Path, descriptor: int, content: bytes, size: int) -> None:
    """Write at the end and wait for the disk; on failure the file is as long as before."""
    try:
        if os.write(descriptor, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, size)
        error.filename = str(place)
        raise
