"""Text tables as spreadsheets leave them, the one reader of all: any usual encoding, every cell a string."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from weldon.errors import DataError
from weldon.files import read_bytes
from weldon.text import best_separator, is_blank, names_separator, text_encoding

IMAGE_COLUMN = (
    "no column of image files: call it file_name (or filename, image, image_path, path), or bag where the "
    "labels are of bags"
)

IsHeader = Callable[[Sequence[str]], bool]


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


def read_delimited(path: Path, is_header: IsHeader, *, missing: str = IMAGE_COLUMN) -> Table:
    """Return a CSV, TSV or semicolon table; blanks around cells are cut and nothing is turned into a number.

    Read: UTF-8 with or without a mark, UTF-16 with a mark, else Windows-1252 (with a note); Excel's ``sep=;``
    line; rows whose empty last cells Excel left out.

    Args:
        path: of the file.
        is_header: whether some column names are those that are wanted: it decides between separators.
        missing: what to say where no separator gives such a header.

    Raises:
        DataError: empty, not text, no usable header, rows longer than it, or a quote that never ends.
    """
    encoding, notes = text_encoding(path)
    text, offset = _without_sep_line(_plain_text(read_bytes(path).decode(encoding)))
    if not text.strip():
        raise DataError(f"{path} is empty: it must have a header and a row for each image")
    try:
        separator = _separator(path, text, is_header, missing)
        cells = _cells(path, text, separator, offset)
    except csv.Error as error:
        raise DataError(f"cannot read {path} as a table: {error}") from error
    return _shaped(path, cells, offset, notes)


def read_columns(path: Path, *names: str) -> list[tuple[int, dict[str, str]]]:
    """Return the row number and the named cells of each row of a table; other columns are passed over.

    Args:
        path: of the file.
        names: of the columns that the table must have, in any order and in capitals or not.

    Raises:
        DataError: as for :func:`read_delimited`; a missing column is named.
    """

    def is_header(header: Sequence[str]) -> bool:
        return set(names) <= {name.lower() for name in header}

    table = read_delimited(path, is_header, missing=f"must hold the columns {' and '.join(names)}")
    place = {name.lower(): column for column, name in enumerate(table.header)}
    return [(number, {name: cells[place[name]] for name in names}) for number, cells in table.rows]


def _plain_text(text: str) -> str:
    return text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _without_sep_line(text: str) -> tuple[str, int]:
    """Return the text below Excel's line ``sep=;``, and the number of the row it starts with."""
    first, _, below = text.partition("\n")
    return (below, 2) if names_separator(first) else (text, 1)


def _separator(path: Path, text: str, is_header: IsHeader, missing: str) -> str:
    """Return the separator that makes a usable header with the most columns."""
    first = next((line for line in text.split("\n") if not is_blank(line)), "")
    separator = best_separator(first, is_header)
    if separator is None:
        raise DataError(f"{path}, header: {missing}; the row reads {first[:120]!r}")
    return separator


def _cells(path: Path, text: str, separator: str, offset: int) -> list[list[str]]:
    """Return the cells of each row; a quote that runs into the next rows would swallow them."""
    lines = text.split("\n")
    reader = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
    rows: list[list[str]] = []
    start = 0
    for row in reader:
        rows.append(row)
        if reader.line_num - start > 1 and not _is_quoted_well(
            "\n".join(lines[start : reader.line_num]), separator
        ):
            raise DataError(
                f"{path} row {len(rows) + offset - 1}: a cell starts with a double quote and does not end "
                'with one: close it, or write "" for a quote inside a cell'
            )
        start = reader.line_num
    return rows


def _is_quoted_well(raw: str, separator: str) -> bool:
    try:
        return len(list(csv.reader([raw], delimiter=separator, skipinitialspace=True, strict=True))) == 1
    except csv.Error:
        return False


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
