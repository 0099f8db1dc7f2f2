"""Label tables: a column of labels (long) or a column a class (wide)."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from pathlib import Path

from weldon.data.delimited import Table, read_delimited
from weldon.data.locate import Finder
from weldon.data.record import LabelSet
from weldon.data.rows import Row, label_set_of
from weldon.errors import DataError, UsageError
from weldon.table_text import BAG_COLUMNS, plain_name

FILE_COLUMNS = ("file_name", "filename", "image", "image_path", "path")
NAMES_OF_BAGS = (*BAG_COLUMNS, *FILE_COLUMNS)
LABEL_COLUMNS = ("labels", "label", "tags")
OPTIONAL_COLUMNS = ("split", "group", "weight")
MINUS_ONE = ("absent", "unknown", "present")

_CELLS = {
    **dict.fromkeys(("1", "1.0", "true", "yes"), "present"),
    **dict.fromkeys(("0", "0.0", "false", "no"), "absent"),
    **dict.fromkeys(("", "?"), "unknown"),
}
_MINUS = frozenset({"-1", "-1.0"})
_LABEL_SEPARATORS = ("|", ";", ",")

ReadLabels = Callable[[str, Mapping[str, str]], tuple[frozenset[str], frozenset[str]]]


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the columns with a meaning of their own stand; None where a table has none."""

    file: int
    labels: int | None
    split: int | None
    group: int | None
    weight: int | None
    others: tuple[int, ...]


def read_table(
    path: Path,
    finder: Finder,
    *,
    label_sep: str | None = None,
    minus_one: str | None = None,
    group_col: str | None = None,
    classes: Sequence[str] | None = None,
    name_columns: Sequence[str] = FILE_COLUMNS,
) -> LabelSet:
    """Return the labels of a CSV or TSV table, long when it has a column of labels, wide otherwise.

    Long: classes are the sorted labels of the training images; an empty cell means that no class is present.
    Wide: classes are the columns in their order; blank and ``?`` are unknown.

    Args:
        path: of the table.
        finder: of the images, or of the bags, that the rows name.
        label_sep: between labels in a cell; by default the first of ``|``, ``;``, ``,`` that any cell holds.
        minus_one: what ``-1`` means in a wide table: ``absent``, ``unknown`` or ``present``.
        group_col: name of the column of groups; ``group`` by default.
        classes: of a trained model, to keep its order.
        name_columns: what the column that names images, or bags, may be called.

    Raises:
        DataError: with every problem of the file, each with its row.
        UsageError: ``minus_one`` is none of its choices, or ``label_sep`` is empty.
    """
    if minus_one is not None and minus_one not in MINUS_ONE:
        raise UsageError(f"`minus_one` must be one of {', '.join(MINUS_ONE)}, got {minus_one!r}")
    if label_sep == "":
        raise UsageError("`label_sep` must be at least one character, got ''")
    table = read_delimited(path, partial(has_name_column, names=name_columns))
    columns = columns_of(table, group_col, name_columns)
    problems: list[str] = []
    notes = list(table.notes)
    if columns.labels is not None:
        rows, declared = _long(table, columns, label_sep, problems, notes), None
    else:
        declared = [table.header[position] for position in columns.others]
        rows = _wide(table, columns, minus_one, problems)
    return label_set_of(
        rows,
        finder,
        form="wide" if declared else "long",
        declared=declared,
        given=classes,
        notes=notes,
        problems=problems,
    )


def has_name_column(header: Sequence[str], names: Sequence[str] = FILE_COLUMNS) -> bool:
    """Return whether one of the columns is called as the one that names images or bags."""
    return any(plain_name(name) in names for name in header)


def columns_of(table: Table, group_col: str | None, names: Sequence[str] = FILE_COLUMNS) -> Columns:
    """Return where each column with a meaning stands.

    Raises:
        DataError: ``group_col`` is no column, or there is neither a label column nor any class column.
    """
    plain = [plain_name(name) for name in table.header]
    if group_col is not None and group_col not in table.header:
        there = ", ".join(name for name in table.header if name)
        raise DataError(f"{table.path} row 1: no column {group_col!r} for groups; there are {there}")
    group = table.header.index(group_col) if group_col is not None else _first(plain, ("group",))
    file, labels = _first(plain, names), _first(plain, LABEL_COLUMNS)
    taken = {*names, *OPTIONAL_COLUMNS, ""}
    others = tuple(
        position
        for position, name in enumerate(plain)
        if name not in taken and position not in (group, labels)
    )
    if labels is None and not others:
        raise DataError(
            f"{table.path} row 1: no labels: add a column `labels` (cat|dog) or a column a class (1/0); "
            f"there are only {', '.join(name for name in table.header if name)}"
        )
    if file is None:
        raise DataError(f"{table.path} row 1: no column of names ({', '.join(names)})")
    return Columns(file, labels, _first(plain, ("split",)), group, _first(plain, ("weight",)), others)


def _first(plain: Sequence[str], names: Sequence[str]) -> int | None:
    return next((plain.index(name) for name in names if name in plain), None)


def _long(
    table: Table, columns: Columns, label_sep: str | None, problems: list[str], notes: list[str]
) -> list[Row]:
    position = columns.labels or 0
    separator = label_sep or _label_separator([cells[position] for _, cells in table.rows])
    if separator and label_sep is None:
        notes.append(
            f"several labels in a cell were told apart at {separator!r} (--label-sep chooses another)"
        )
    ignored = [table.header[other] for other in columns.others]
    if ignored:
        notes.append(f"columns that are not used: {', '.join(ignored)}")
    rows = []
    for number, cells in table.rows:
        where = f"{table.path.name} row {number}"
        labels = split_labels(cells[position], separator)
        if "?" in labels:
            problems.append(
                f"{where}: '?' is no class: leave the row out, or use a column a class for unknown"
            )
        rows.append(_row(where, cells, columns, labels, frozenset(), problems=problems))
    return rows


def _label_separator(cells: Sequence[str]) -> str | None:
    plain = [cell for cell in cells if not _is_list(cell)]
    return next((mark for mark in _LABEL_SEPARATORS if any(mark in cell for cell in plain)), None)


def split_labels(cell: str, separator: str | None) -> frozenset[str]:
    """Return the labels in a cell; a list as Python or JSON writes it is read as one.

    Example:
        >>> sorted(split_labels("dog| cat |", "|")), sorted(split_labels("['cat', 'dog']", None))
        (['cat', 'dog'], ['cat', 'dog'])
    """
    names = _listed(cell) if _is_list(cell) else None
    if names is None:
        names = cell.split(separator) if separator else [cell]
    return frozenset(name.strip() for name in names if name.strip())


def _is_list(cell: str) -> bool:
    return cell.startswith("[") and cell.endswith("]")


def _listed(cell: str) -> list[str] | None:
    try:
        values = ast.literal_eval(cell)
    except (ValueError, SyntaxError):
        return None
    return [str(value) for value in values] if isinstance(values, list) else None


def _wide(table: Table, columns: Columns, minus_one: str | None, problems: list[str]) -> list[Row]:
    meaning = {**_CELLS, **(dict.fromkeys(_MINUS, minus_one) if minus_one else {})}
    minus_seen: list[str] = []
    rows = []
    for number, cells in table.rows:
        where = f"{table.path.name} row {number}"
        told: dict[str, set[str]] = {"present": set(), "absent": set(), "unknown": set()}
        for position in columns.others:
            cell, name = cells[position].lower(), table.header[position]
            if cell in meaning:
                told[meaning[cell]].add(name)
            elif cell in _MINUS:
                minus_seen.append(f"{where}, column {name!r}")
            else:
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


def _minus_problem(places: Sequence[str]) -> list[str]:
    if not places:
        return []
    return [
        f"{places[0]}: -1 can mean absent (VOC) or unknown (CheXpert) and is never guessed "
        f"({len(places)} cells): say --minus-one absent, unknown or present"
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
    return Row(
        where,
        cells[columns.file],
        labels,
        unknown,
        split=cell(columns.split),
        group=cell(columns.group),
        weight=parse_weight(cell(columns.weight), where, problems),
    )


def parse_weight(text: str | None, where: str, problems: list[str]) -> float:
    """Return a weight, 1 for a blank; a text that is none is added to the problems."""
    if text is None:
        return 1.0
    try:
        weight = float(text.replace(",", "."))
    except ValueError:
        weight = -1.0
    if weight >= 0 and isfinite(weight):
        return weight
    problems.append(f"{where}: weight {text!r} is no number of 0 or more")
    return 1.0
