"""Text tables as spreadsheets leave them: any usual encoding and separator, every cell a string."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from weldon.errors import DataError
from weldon.table_text import best_separator, is_blank, names_separator, text_encoding


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
    if names_separator(lines[0]):
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
    encoding, notes = text_encoding(path)
    text = path.read_bytes().decode(encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def _separator(path: Path, text: str, is_header: Callable[[Sequence[str]], bool]) -> str:
    """Return the separator that makes a usable header with the most columns."""
    first = next((line for line in text.split("\n") if not is_blank(line)), "")
    separator = best_separator(first, is_header)
    if separator is None:
        raise DataError(
            f"{path}, header: no column of image files: call it file_name (or filename, image, image_path, "
            f"path), or bag where the labels are of bags; the row reads {first[:120]!r}"
        )
    return separator


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
