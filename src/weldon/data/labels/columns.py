"""Which column of a label table means what, told by its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from weldon.data.delimited import Doubts, Table
from weldon.errors import DataError
from weldon.text import BAG_COLUMNS, FILE_COLUMNS, nearest_column, plain_name

NAMES_OF_BAGS = (*BAG_COLUMNS, *FILE_COLUMNS)
LABEL_COLUMNS = ("labels", "label", "tags")
OPTIONAL_COLUMNS = ("split", "group", "weight")

_FILE_ENDING = "_file_name"  # Hugging Face: image_file_name, mask_file_name ...
_ALIKE = 0.75  # of a name's letters
_NAMELESS = re.compile(r"(unnamed:_?\d+(_.*)?)?")  # pandas calls them "Unnamed: 0"


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the columns with a meaning of their own stand; None where a table has none."""

    file: int
    labels: int | None
    split: int | None
    group: int | None
    weight: int | None
    classes: tuple[int, ...]
    nameless: tuple[int, ...]
    unused: tuple[int, ...]

    @property
    def used(self) -> tuple[int, ...]:
        """The columns whose cells are read."""
        told = (self.file, self.labels, self.split, self.group, self.weight, *self.classes)
        return tuple(place for place in told if place is not None)


def without_doubtful_cells(table: Table, columns: Columns) -> tuple[Table, list[str]]:
    """Return the table without the cells whose value is not what a person sees there, and a problem for each.

    What was told of a cell is told once: such a cell is blank, and a row without its name or its only cell of
    labels is left out.
    """
    doubtful = _doubtful_cells(table, columns)

    def plain(row: int, column: int, cell: str) -> str:
        if (row, column) not in doubtful:
            return cell
        return "train" if column == columns.split else ""  # where others have a split, a blank is a problem

    rows = [
        (number, tuple(plain(number, column, cell) for column, cell in enumerate(cells)))
        for number, cells in table.rows
        if not {(number, columns.file), (number, columns.labels)} & doubtful.keys()
    ]
    problems = [
        f"{table.name} row {row}, column {table.header[column] or column + 1!r}: the cell {doubt}"
        for (row, column), doubt in sorted(doubtful.items())
    ]
    return replace(table, rows=tuple(rows)), problems


def _doubtful_cells(table: Table, columns: Columns) -> Doubts:
    used, top = set(columns.used), table.header_row
    named = used - {columns.group}  # a day may well be what images are grouped by
    found = [(place, doubt) for place, doubt in table.doubts.items() if place[1] in used or place[0] == top]
    found += [(place, doubt) for place, doubt in table.dates.items() if place[1] in named or place[0] == top]
    return {place: doubt for place, doubt in found if place[0] >= top}


def file_column(names: Sequence[str], allowed: Sequence[str] = FILE_COLUMNS) -> str | None:
    """Return which of some plain names is that of the images, or bags; None where none or several may be.

    Example:
        >>> file_column(["labels", "path", "file_name"]), file_column(["image_file_name", "labels"])
        ('file_name', 'image_file_name')
    """
    usual = next((name for name in allowed if name in names), None)
    ending = [name for name in names if name.endswith(_FILE_ENDING)]
    return usual or (ending[0] if len(ending) == 1 else None)


def has_name_column(header: Sequence[str], names: Sequence[str] = FILE_COLUMNS) -> bool:
    """Return whether one of the columns is called as the one that names images or bags."""
    return file_column([plain_name(name) for name in header], names) is not None


def columns_of(table: Table, group_col: str | None, names: Sequence[str] = FILE_COLUMNS) -> Columns:
    """Return where each column with a meaning stands.

    Raises:
        DataError: ``group_col`` is no column, or there is neither a label column nor any class column.
    """
    plain = [plain_name(name) for name in table.header]
    if group_col is not None and group_col not in table.header:
        there = ", ".join(name for name in table.header if name)
        raise DataError(f"{table.heading}: no column {group_col!r} for groups; there are {there}")
    group = table.header.index(group_col) if group_col is not None else _first(plain, "group")
    file, labels = _first(plain, file_column(plain, names) or ""), _first(plain, *LABEL_COLUMNS)
    split, weight = _first(plain, "split"), _first(plain, "weight")
    nameless = tuple(place for place, name in enumerate(plain) if _NAMELESS.fullmatch(name))
    free = [
        place for place in range(len(plain)) if place not in {file, labels, split, group, weight, *nameless}
    ]
    taken = {*names, *OPTIONAL_COLUMNS}
    classes = () if labels is not None else tuple(place for place in free if plain[place] not in taken)
    if labels is None and not classes:
        raise DataError(
            f"{table.heading}: no labels: add a column `labels` (cat|dog) or a column a class (1/0); "
            f"there are only {', '.join(name for name in table.header if name)}"
        )
    if file is None:
        raise DataError(f"{table.heading}: no column of names ({', '.join(names)})")
    unused = tuple(place for place in free if place not in classes)
    return Columns(file, labels, split, group, weight, classes, nameless, unused)


def _first(plain: Sequence[str], *names: str) -> int | None:
    return next((plain.index(name) for name in names if name and name in plain), None)


def unused_columns(table: Table, columns: Columns) -> tuple[list[str], list[str]]:
    """Return a note on the columns that are passed over, and a problem for each nameless one with labels."""
    unused = [_doubted(table.header[place], columns) for place in columns.unused]
    problems = []
    for place in columns.nameless:
        cells = [cells[place] for _, cells in table.rows]
        if counts_rows(cells, first=place == 0):
            unused.append(f"{table.header[place] or 'the first, which has no name'} (it counts rows)")
        elif any(cells):
            shown = ", ".join(map(repr, [cell[:40] for cell in cells if cell][:3]))
            problems.append(
                f"{table.name} row {table.header_row}: column {place + 1} has no name and holds {shown}: "
                "name it, or remove it"
            )
    return ([f"columns that are not used: {', '.join(unused)}"] if unused else []), problems


def _doubted(name: str, columns: Columns) -> str:
    """Return the name of a column that is not used, with what it may have been meant as."""
    meant = meant_as(name)
    return (
        name
        if meant is None or getattr(columns, meant) is not None
        else f"{name} (if it is the {meant}, call it {meant})"
    )


def meant_as(name: str) -> str | None:
    """Return which of the optional columns is called nearly so; None: none of them.

    Example:
        >>> meant_as("Splt"), meant_as("plate")
        ('split', None)
    """
    return next((usual for usual in OPTIONAL_COLUMNS if nearest_column([name], [usual], _ALIKE)), None)


def counts_rows(cells: Sequence[str], *, first: bool) -> bool:
    """Return whether a column without a name is the index that a program wrote: whole numbers, none twice.

    Args:
        cells: of the column.
        first: whether it is the first one; an index stands nowhere else.

    Example:
        >>> counts_rows(["0", "1"], first=True), counts_rows(["1", "0", "1"], first=True)
        (True, False)
    """
    whole = all(cell.isascii() and cell.isdigit() for cell in cells)
    return first and whole and len(set(cells)) == len(cells) > 0


LARGEST = 1e9  # what a float32 still adds up without overflow
# 1,5 is one and a half; 1,000 may be one or a thousand.
_NUMBER = re.compile(r"\+?(\d+|\d*\.\d+|\d+\.|\d+,(?!\d{3}(?!\d))\d+)([eE][-+]?\d{1,3})?", re.ASCII)


def parse_weight(text: str | None, where: str, problems: list[str]) -> float:
    """Return a weight, 1 for a blank; a text that is none is added to the problems.

    Args:
        text: of the cell, with a point or a comma before the decimals.
        where: file and row, for the problem.
        problems: is added to.

    Example:
        >>> parse_weight("0,5", "a.csv row 2", []), parse_weight(None, "a.csv row 3", [])
        (0.5, 1.0)
    """
    if text is None:
        return 1.0
    if _NUMBER.fullmatch(text) and (weight := float(text.replace(",", "."))) <= LARGEST:
        return weight
    problems.append(f"{where}: weight {text[:40]!r} is no number from 0 to {LARGEST:g}")
    return 1.0
