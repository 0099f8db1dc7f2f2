"""Text tables as spreadsheets leave them: any usual encoding and separator, every cell a string."""

from __future__ import annotations

import csv
import io
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from weldon.errors import DataError

_SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its header.

    Args:
        path: of the file.
        header: column names without surrounding blanks; a column without a name is ``""``.
        rows: ``(row number, cells)`` as a spreadsheet counts, the header being row 1; a cell for each column.
        notes: what had to be decided in reading it.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    notes: tuple[str, ...] = ()


def read_delimited(path: Path, is_header: Callable[[Sequence[str]], bool]) -> Table:
    """Return a CSV, TSV or semicolon table; blanks around cells are cut and nothing is turned into a number.

    Read: UTF-8 with or without a mark, UTF-16 with a mark, else Windows-1252 (with a note); Excel's ``sep=;``
    line; rows whose empty last cells Excel left out.

    Args:
        path: of the file.
        is_header: whether some column names are those of a label table: it decides between separators.

    Raises:
        DataError: empty, not text, no separator gives a usable header, or rows longer than the header.
    """
    text, notes = _decoded(path)
    lines = text.split("\n", 1)
    offset = 1
    if lines[0].strip().lower().startswith("sep="):
        text, offset = lines[1] if len(lines) > 1 else "", 2
    if not text.strip():
        raise DataError(f"{path} is empty: it must have a header and a row for each image")
    try:
        separator = _separator(path, text, is_header)
        cells = list(csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True))
    except csv.Error as error:
        raise DataError(f"cannot read {path} as a table: {error}") from error
    return _shaped(path, cells, offset, notes)


def _decoded(path: Path) -> tuple[str, tuple[str, ...]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read the label file {path}: {error.strerror}") from error
    if data[:4] == b"PK\x03\x04" or data[:4] == b"\xd0\xcf\x11\xe0":
        raise DataError(f"{path} is a workbook, not text: in the spreadsheet choose Save as, CSV UTF-8")
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    notes: tuple[str, ...] = ()
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError as error:
            raise DataError(f"{path} is neither UTF-8 nor Windows-1252 text: save it as UTF-8") from error
        notes = (f"{path.name} is not UTF-8 and was read as Windows-1252: check names with accents",)
    if "\0" in text:
        raise DataError(f"{path} holds zero bytes and is no text table: save it as CSV UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def _separator(path: Path, text: str, is_header: Callable[[Sequence[str]], bool]) -> str:
    """Return the separator that makes a usable header with the most columns."""
    blank = "".join(_SEPARATORS)
    first = next((line for line in text.split("\n") if line.strip(blank + string.whitespace)), "")
    headers = {mark: _header(first, mark) for mark in _SEPARATORS}
    usable = [mark for mark in _SEPARATORS if is_header(headers[mark])]
    if usable:
        return max(usable, key=lambda mark: len(headers[mark]))
    raise DataError(
        f"{path}, header: no column of image files: call it file_name (or filename, image, image_path, "
        f"path), or bag where the labels are of bags; the row reads {first[:120]!r}"
    )


def _header(line: str, separator: str) -> list[str]:
    return [name.strip() for name in next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])]


def _shaped(path: Path, cells: list[list[str]], offset: int, notes: tuple[str, ...]) -> Table:
    numbered = [
        (number, tuple(cell.strip() for cell in row))
        for number, row in enumerate(cells, start=offset)
        if any(cell.strip() for cell in row)
    ]
    header = numbered[0][1]
    problems = [
        f"{path.name} row {number}: {len(row)} cells, but the header has {len(header)} columns (a cell that "
        "holds the separator needs double quotes)"
        for number, row in numbered[1:]
        if any(row[len(header) :])
    ]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    problems += [f"{path.name} row 1: the column {name!r} is there more than once" for name in twice]
    if problems:
        raise DataError(f"the table {path} is not rectangular or not clear:", problems)
    width = len(header)
    rows = tuple((number, (row + ("",) * width)[:width]) for number, row in numbered[1:])
    return Table(path, header, rows, notes)
