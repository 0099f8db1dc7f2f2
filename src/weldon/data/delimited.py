"""Text tables as spreadsheets leave them, the one reader of all: any usual encoding, every cell a string."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from weldon.errors import DataError
from weldon.files import read_bytes
from weldon.text import (
    BAG_COLUMNS,
    FILE_COLUMNS,
    SEPARATORS,
    best_separator,
    header_cells,
    is_blank,
    names_separator,
    nearest_column,
    text_encoding,
)

IMAGE_COLUMN = (
    "no column of image files: call it file_name (or filename, image, image_path, path), or bag where the "
    "labels are of bags"
)

NAMING = (*FILE_COLUMNS, *BAG_COLUMNS)  # what the column of images, or of bags, may be called

IsHeader = Callable[[Sequence[str]], bool]
Doubts = Mapping[tuple[int, int], str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its header.

    Args:
        path: of the file.
        header: column names without surrounding blanks; a column without a name is ``""``.
        rows: ``(row number, cells)`` as a spreadsheet counts; a cell for each column.
        notes: what had to be decided in reading it.
        header_row: number of the row that is the header.
        sheet: of a workbook, its name.
        doubts: by row number and column, from 0: why a cell cannot be taken as it stands, and what to do.
        dates: likewise, where a date may have been made of something else.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    notes: tuple[str, ...] = ()
    header_row: int = 1
    sheet: str | None = None
    doubts: Doubts = field(default_factory=dict)
    dates: Doubts = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file, and the sheet of a workbook, as the place of a row is told."""
        return self.path.name if self.sheet is None else f"{self.path.name}, sheet {self.sheet!r},"

    @property
    def heading(self) -> str:
        """Where the header stands, with the folder."""
        return f"{self.path.parent / self.name} row {self.header_row}"


def read_delimited(
    path: Path, is_header: IsHeader, *, missing: str = IMAGE_COLUMN, wanted: Sequence[str] = NAMING
) -> Table:
    """Return a CSV, TSV or semicolon table; blanks around cells are cut and nothing is turned into a number.

    Read: UTF-8 with or without a mark, UTF-16 with a mark, else Windows-1252 (with a note); Excel's ``sep=;``
    line; rows whose empty last cells Excel left out.

    Args:
        path: of the file.
        is_header: whether some column names are those that are wanted: it decides between separators.
        missing: what to say where no separator gives such a header.
        wanted: what the column may be called, to name the one that is called nearly so.

    Raises:
        DataError: empty, not text, no usable header, rows longer than it, or a quote that never ends.
    """
    encoding, notes = text_encoding(path)
    text, offset = _without_sep_line(_plain_text(read_bytes(path).decode(encoding)))
    if not text.strip():
        raise DataError(f"{path} is empty: it must have a header and a row for each image")
    try:
        separator = _separator(path, text, is_header, missing, wanted)
        cells = _cells(path, text, separator, offset)
    except csv.Error as error:
        raise DataError(f"cannot read {path} as a table: {error}") from error
    return shaped_table(path, cells, start=offset, notes=notes)


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

    missing = f"must hold the columns {' and '.join(names)}"
    table = read_delimited(path, is_header, missing=missing, wanted=())
    place = {name.lower(): column for column, name in enumerate(table.header)}
    return [(number, {name: cells[place[name]] for name in names}) for number, cells in table.rows]


def _plain_text(text: str) -> str:
    return text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _without_sep_line(text: str) -> tuple[str, int]:
    """Return the text below Excel's line ``sep=;``, and the number of the row it starts with."""
    first, _, below = text.partition("\n")
    return (below, 2) if names_separator(first) else (text, 1)


def _separator(path: Path, text: str, is_header: IsHeader, missing: str, wanted: Sequence[str]) -> str:
    """Return the separator that makes a usable header with the most columns."""
    first = next((line for line in text.split("\n") if not is_blank(line)), "")
    separator = best_separator(first, is_header)
    if separator is None:
        header = max((header_cells(first, mark) for mark in SEPARATORS), key=len)
        near = nearest_words(header, wanted)
        raise DataError(f"{path}, header: {missing}{near}; the row reads {first[:120]!r}")
    return separator


def nearest_words(header: Sequence[str], wanted: Sequence[str]) -> str:
    """Return words that name the column called most like one that is missing; none where none is alike."""
    near = nearest_column(header, wanted)
    return "" if near is None else f"; nearest is {near!r}: rename it if that is meant"


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


def shaped_table(
    path: Path,
    cells: Sequence[Sequence[str]],
    *,
    start: int = 1,
    notes: Sequence[str] = (),
    sheet: str | None = None,
    doubts: Doubts | None = None,
    dates: Doubts | None = None,
) -> Table:
    """Return rows of cells as a table: the first that is not blank is the header.

    Args:
        path: of the file.
        cells: of each row, blank rows among them; there is one that is not blank.
        start: the number of the first row.
        notes: what had to be decided so far.
        sheet: of a workbook.
        doubts: as in :class:`Table`.
        dates: likewise.

    Raises:
        DataError: a row is longer than the header, or a column is there twice.
    """
    numbered = [
        (number, tuple(cell.strip() for cell in row))
        for number, row in enumerate(cells, start)
        if any(cell.strip() for cell in row)
    ]
    (first, header), below = numbered[0], numbered[1:]
    blank = sorted({*range(first, numbered[-1][0])} - {number for number, _ in numbered})
    width = len(header)
    rows = tuple((number, (row + ("",) * width)[:width]) for number, row in below)
    said = [*notes, *_passed_over(path, blank)]
    table = Table(path, header, rows, tuple(said), first, sheet, doubts or {}, dates or {})
    problems = [
        f"{table.name} row {number}: {len(row)} cells, but the header has {width} columns (a cell that "
        "holds the separator needs double quotes)"
        for number, row in below
        if any(row[width:])
    ]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    problems += [f"{table.name} row {first}: the column {name!r} is there more than once" for name in twice]
    if problems:
        raise DataError(f"the table {path} is not rectangular or not clear:", problems)
    return table


def _passed_over(path: Path, blank: Sequence[int]) -> list[str]:
    """Say which rows between others are blank: somebody may have meant them to say something."""
    if not blank:
        return []
    shown = ", ".join(map(str, blank[:5])) + (", ..." if len(blank) > 5 else "")
    return [f"{path.name}: blank rows that are passed over: {len(blank)} (row {shown})"]
