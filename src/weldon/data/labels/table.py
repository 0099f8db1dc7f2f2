"""Label tables: a column of labels (long) or a column a class (wide)."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from functools import partial
from pathlib import Path

from weldon.counted import counted
from weldon.data.delimited import IsHeader, Table, read_delimited
from weldon.data.labels.class_names import broken_names
from weldon.data.labels.columns import (
    Columns,
    columns_of,
    has_name_column,
    meant_as,
    parse_weight,
    unused_columns,
    without_doubtful_cells,
)
from weldon.data.labels.label_cell import MISSING, is_list, label_separator, other_separators, split_labels
from weldon.data.labels.label_file import FileForm, Told
from weldon.data.labels.locate import Finder
from weldon.data.labels.rows import Row
from weldon.data.record import LabelSet
from weldon.data.workbook import WORKBOOKS, read_workbook, refuse_sheet
from weldon.errors import UsageError
from weldon.text import FILE_COLUMNS, plain_name

MINUS_ONE = ("absent", "unknown", "present")

_CELLS = {
    **dict.fromkeys(("1", "1.0", "true", "yes"), "present"),
    **dict.fromkeys(("0", "0.0", "false", "no"), "absent"),
    **dict.fromkeys(("", "?"), "unknown"),
}
_MINUS = frozenset({"-1", "-1.0"})


def read_table(
    path: Path,
    finder: Finder,
    *,
    label_sep: str | None = None,
    minus_one: str | None = None,
    group_col: str | None = None,
    sheet: str | None = None,
    classes: Sequence[str] | None = None,
    name_columns: Sequence[str] = FILE_COLUMNS,
) -> LabelSet:
    """Return the labels of a table in a text file or a workbook: long with a column of labels, else wide.

    Long: classes are the sorted labels of the training images; an empty cell means that no class is present,
    but in a column ``label`` that gives each image one it says nothing, as NA does.
    Wide: classes are the columns in their order; blank and ``?`` are unknown.

    Args:
        path: of the table.
        finder: of the images, or of the bags, that the rows name.
        label_sep: between labels in a cell; by default the first of ``|``, ``;``, ``,`` that any cell holds.
        minus_one: what ``-1`` means in a wide table: ``absent``, ``unknown`` or ``present``.
        group_col: name of the column of groups; ``group`` by default.
        sheet: of a workbook; by default the only one with a usable header.
        classes: of a trained model, to keep its order.
        name_columns: what the column that names images, or bags, may be called.

    Raises:
        DataError: with every problem of the file, each with its row.
        UsageError: ``minus_one`` is none of its choices, ``label_sep`` is empty, or there is no such sheet.
    """
    told = table_told(
        path,
        label_sep=label_sep,
        minus_one=minus_one,
        group_col=group_col,
        sheet=sheet,
        name_columns=name_columns,
    )
    return told.label_set(finder, classes)


def table_told(
    path: Path,
    *,
    label_sep: str | None = None,
    minus_one: str | None = None,
    group_col: str | None = None,
    sheet: str | None = None,
    name_columns: Sequence[str] = FILE_COLUMNS,
) -> Told:
    """Return what a table says, before its images are looked for; see :func:`read_table`."""
    if minus_one is not None and minus_one not in MINUS_ONE:
        raise UsageError(f"`minus_one` must be one of {', '.join(MINUS_ONE)}, got {minus_one!r}")
    if label_sep == "":
        raise UsageError("`label_sep` must be at least one character, got ''")
    table = _read(path, sheet, partial(has_name_column, names=name_columns))
    columns = columns_of(table, group_col, name_columns)
    told = Told(path, "wide" if columns.labels is None else "long", notes=list(table.notes))
    notes, told.problems = unused_columns(table, columns)
    told.notes += notes
    table, problems = without_doubtful_cells(table, columns)
    told.problems += problems
    if columns.labels is not None:
        told.rows = _long(table, columns, label_sep, told)
    else:
        told.declared = [table.header[position] for position in columns.classes]
        told.problems += broken_names(told.declared)
        told.rows = _wide(table, columns, minus_one, told.problems)
    return told


def _read(path: Path, sheet: str | None, is_header: IsHeader) -> Table:
    """Return the table in a text file, or in a sheet of a workbook.

    Raises:
        UsageError: a sheet of a text file, which has none.
    """
    if path.suffix.lower() in WORKBOOKS:
        return read_workbook(path, is_header, sheet=sheet)
    refuse_sheet(path, sheet)
    return read_delimited(path, is_header)


def _long(table: Table, columns: Columns, label_sep: str | None, told: Told) -> list[Row]:
    position = columns.labels or 0
    separator = label_sep or label_separator([cells[position] for _, cells in table.rows])
    if separator and label_sep is None:
        told.notes.append(
            f"several labels in a cell were told apart at {separator!r} (--label-sep chooses another)"
        )
    rows = []
    for number, cells in table.rows:
        where = f"{table.name} row {number}"
        problems: list[str] = []
        labels = _labels(cells[position], separator, where, problems)
        told.problems += problems
        row = _row(where, cells, columns, labels, frozenset(), problems=told.problems)
        missing = cells[position] in MISSING
        row = replace(row, told=False, where=f"{where} ({cells[position]})") if missing else row
        rows.append(replace(row, sound=not problems))
    mixed = other_separators((name for row in rows for name in row.record.labels), separator)
    if mixed and label_sep is None:
        told.notes.append(
            f"labels that hold a separator are taken as one name: {', '.join(map(repr, mixed))}"
        )
    if not all(row.told for row in rows):
        told.notes.append('a cell such as nan, NA or None is no label; write ["NA"] where it names a class')
    return _blanks_untold(rows, table, columns, told) if _one_label_each(rows, table, columns) else rows


def _one_label_each(rows: Sequence[Row], table: Table, columns: Columns) -> bool:
    """Say whether each image has its one label: the column is called so, and no cell has several."""
    singular = plain_name(table.header[columns.labels or 0]) == "label"
    return singular and all(len(row.record.labels) <= 1 for row in rows)


def _blanks_untold(rows: Sequence[Row], table: Table, columns: Columns, told: Told) -> list[Row]:
    """Return the rows of such a table: where its cell is blank, nobody said what the image shows."""
    blank = [not cells[columns.labels or 0] for _, cells in table.rows]
    if any(blank):
        told.notes.append(
            f"a blank cell of the column {table.header[columns.labels or 0]!r} is no label, since each image "
            "has one there; write [] where no class is present"
        )
    return [
        replace(row, told=False, where=f"{row.where} (blank)") if empty else row
        for row, empty in zip(rows, blank, strict=True)
    ]


def _labels(cell: str, separator: str | None, where: str, problems: list[str]) -> frozenset[str]:
    try:
        labels = frozenset() if cell in MISSING else split_labels(cell, separator)
    except ValueError as error:
        problems.append(
            f"{where}: the labels {cell[:60]!r} are no list that is understood, because {error}: "
            'write cat|dog or ["cat", "dog"]'
        )
        return frozenset()
    odd = () if is_list(cell) else sorted(labels & {"?", *MISSING})
    problems += [
        f"{where}: {name!r} is no class: leave the row out, or use a column a class for unknown"
        for name in odd
    ]
    return labels.difference(odd)


def _wide(table: Table, columns: Columns, minus_one: str | None, problems: list[str]) -> list[Row]:
    meaning = {**_CELLS, **(dict.fromkeys(_MINUS, minus_one) if minus_one else {})}
    minus_seen: list[str] = []
    words = _columns_of_words(table, columns, {*meaning, *_MINUS})
    problems += words.values()
    rows = []
    for number, cells in table.rows:
        where = f"{table.name} row {number}"
        told: dict[str, set[str]] = {"present": set(), "absent": set(), "unknown": set()}
        for position in columns.classes:
            cell, name = cells[position].lower(), table.header[position]
            if cell in meaning:
                told[meaning[cell]].add(name)
                continue
            told["unknown"].add(name)
            if cell in _MINUS:
                minus_seen.append(f"{where}, column {name!r}")
            elif position not in words:
                problems.append(
                    f"{where}, column {name!r}: {cells[position]!r} is none of 1/0, true/false, yes/no, "
                    "blank or ?: correct the cell, or remove the column if it is no class"
                )
        rows.append(
            _row(
                where,
                cells,
                columns,
                frozenset(told["present"]),
                frozenset(told["unknown"]),
                problems=problems,
            )
        )
    problems.extend(_minus_problem(minus_seen))
    return rows


def _columns_of_words(table: Table, columns: Columns, understood: Set[str]) -> dict[int, str]:
    """Return the columns in which no cell is a mark and several are words, each with what to do about it."""
    found = {}
    for position in columns.classes:
        cells = [cells[position] for _, cells in table.rows if cells[position]]
        if len(cells) > 1 and not any(cell.lower() in understood for cell in cells):
            meant = meant_as(table.header[position])
            what, name = ("the labels of each image", "labels") if meant is None else (f"the {meant}", meant)
            found[position] = (
                f"{table.name}, column {table.header[position]!r} holds words, such as {cells[0]!r}, and no "
                f"1/0, true/false, yes/no: if they are {what}, name the column {name!r}; "
                "if it is no class, remove it"
            )
    return found


def _minus_problem(places: Sequence[str]) -> list[str]:
    if not places:
        return []
    return [
        f"{places[0]}: -1 can mean absent (VOC) or unknown (CheXpert) and is never guessed "
        f"({counted(len(places), 'cell')}): say --minus-one absent, unknown or present"
    ]


def _row(
    where: str,
    cells: Sequence[str],
    columns: Columns,
    labels: frozenset[str],
    unknown: frozenset[str],
    *,
    problems: list[str],
) -> Row:
    def cell(position: int | None) -> str | None:
        return None if position is None else cells[position] or None

    if not cells[columns.file]:
        problems.append(f"{where}: no file name")
    return Row.of(
        where,
        cells[columns.file],
        labels,
        unknown,
        split=cell(columns.split),
        group=cell(columns.group),
        weight=parse_weight(cell(columns.weight), where, problems),
    )


FORM = FileForm(
    (".csv", ".tsv", ".txt", *WORKBOOKS),
    read=lambda path, _, options: table_told(
        path,
        label_sep=options.label_sep,
        minus_one=options.minus_one,
        group_col=options.group_col,
        sheet=options.sheet,
    ),
    usual=("labels.csv", "labels.tsv"),
    also=tuple(f"labels{ending}" for ending in WORKBOOKS),
)
