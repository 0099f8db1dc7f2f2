"""Instances from a text table: read at once where every cell is a number, row by row where one is none."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from weldon.data.bags.instance_columns import (
    Instances,
    Roles,
    clean_names,
    refuse_featureless,
    roles_of,
    without_counters,
)
from weldon.errors import DataError
from weldon.text import (
    BAG_COLUMNS,
    SEPARATORS,
    best_separator,
    header_cells,
    is_blank,
    names_separator,
    plain_name,
    text_encoding,
)

if TYPE_CHECKING:
    from pandas import DataFrame

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_WORDS = {"true": 1.0, "false": 0.0}
_SHOWN = 20
_FIELD = 1 << 24  # characters of a cell: csv's own limit is short for a long name


@dataclass(frozen=True)
class TextTable:
    """How a text table is written.

    Args:
        path: of the file.
        encoding: of its text.
        separator: between cells.
        header: names of the columns.
        skip: lines before the header.
        notes: what had to be guessed.
    """

    path: Path
    encoding: str
    separator: str
    header: tuple[str, ...]
    skip: int
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of the columns: ids, instances and index columns as text, features ``(T, F)`` as float64."""

    ids: list[str]
    instances: list[str] | None
    index: list[list[str]]
    features: np.ndarray


def open_text_table(path: Path) -> TextTable:
    """Return how a table is written, from its first line.

    Raises:
        DataError: no text, or an empty file.
    """
    encoding, notes = text_encoding(path)
    with path.open(encoding=encoding, newline=None) as file:
        for number, line in enumerate(file):
            if is_blank(line) or (number == 0 and names_separator(line)):
                continue
            separator = best_separator(line, _names_bags) or max(SEPARATORS, key=line.count)
            header = clean_names(header_cells(line.rstrip("\n"), separator))
            return TextTable(path, encoding, separator, header, number, notes)
    raise DataError(f"{path} is empty: it must have a header and a row for each instance")


def read_csv_instances(path: Path) -> Instances:
    """Return the instances of a CSV, TSV or semicolon table.

    Raises:
        DataError: names the rows and columns that cannot be used.
    """
    table = open_text_table(path)
    roles = roles_of(path, table.header)
    try:
        cells, comma = _read(table, roles)
    except csv.Error as error:
        raise DataError(f"cannot read {path} as a table: {error}") from error
    if not cells.ids:
        raise DataError(f"{path} has no row: it must have one for each instance")
    return _instances(table, roles, cells, comma=comma)


def _instances(table: TextTable, roles: Roles, cells: Cells, *, comma: bool) -> Instances:
    names = [table.header[number] for number in roles.features]
    columns = [*cells.features.T]
    left_out = [table.header[number] for number in roles.others]
    spare = {}
    for number, texts in zip(roles.index, cells.index, strict=True):
        name, values = table.header[number], _numbers(texts, comma=comma)
        if values is not None and not np.array_equal(values, np.round(values)):
            if not name:
                raise DataError(
                    f"{table.path}: column {number + 1} has no name in the header: name it, or remove it"
                )
            names.append(name)
            columns.append(values)
            continue
        left_out.append(name)
        if values is not None and name:
            spare[name] = values.astype(np.float32)
    refuse_featureless(table.path, names)
    values = (
        np.stack(columns, axis=1).astype(np.float32) if len(columns) > len(roles.features) else cells.features
    )
    notes = (*table.notes, *(("commas inside numbers were read as decimal points",) if comma else ()))
    instances = None if cells.instances is None else np.array(cells.instances, dtype=object)
    read = Instances(
        np.array(cells.ids, dtype=object), values.astype(np.float32), tuple(names), instances, spare, notes
    )
    return without_counters(read, left_out)


def _read(table: TextTable, roles: Roles) -> tuple[Cells, bool]:
    """Return the cells, and whether decimal commas were read."""
    marks = (False,) if table.separator == "," else (False, True)
    for comma in marks:
        if (cells := _read_at_once(table, roles, comma=comma)) is not None:
            return cells, comma
    first: DataError | None = None
    for comma in marks:
        try:
            return _read_by_row(table, roles, comma=comma), comma
        except DataError as error:
            first = first or error
    assert first is not None
    raise first


def _read_at_once(table: TextTable, roles: Roles, *, comma: bool) -> Cells | None:
    """Return the cells where all features are finite numbers and all bags have names, else None."""
    import pandas as pd  # the header alone is read without it

    width = len(table.header)
    kinds = dict.fromkeys(range(width), "str") | dict.fromkeys(roles.features, "float64")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # pandas drops the cells of a row that is too long with a warning
            frame = pd.read_csv(
                table.path,
                sep=table.separator,
                encoding=table.encoding,
                decimal="," if comma else ".",
                header=0,
                names=range(width),
                skiprows=table.skip,
                dtype=kinds,
                index_col=False,
                na_filter=False,
                skipinitialspace=True,
            )
    except (ValueError, OverflowError, Warning):
        return None
    features = frame[list(roles.features)].to_numpy(np.float64)
    with np.errstate(over="ignore"):
        finite = bool(np.isfinite(features.astype(np.float32)).all())
    ids = _texts(frame, roles.bag)
    if not finite or "" in ids:
        return None
    named = None if roles.instance is None else _texts(frame, roles.instance)
    return Cells(ids, named, [_texts(frame, number) for number in roles.index], features)


def _texts(frame: DataFrame, column: int) -> list[str]:
    return [str(cell).strip() for cell in frame[column]]


def _read_by_row(table: TextTable, roles: Roles, *, comma: bool) -> Cells:
    """Return the cells, or one error with all that cannot be used."""
    problems: list[str] = []
    odd: dict[int, tuple[int, str, int]] = {}  # first row, its cell, and how many, by column
    ids: list[str] = []
    named: list[str] = []
    index: list[list[str]] = [[] for _ in roles.index]
    features = []
    for row, cells in _rows(table, problems):
        ids.append(cells[roles.bag])
        if not cells[roles.bag]:
            problems.append(f"{table.path.name} row {row}: no name in the column {table.header[roles.bag]!r}")
        if roles.instance is not None:
            named.append(cells[roles.instance])
        for column, number in zip(index, roles.index, strict=True):
            column.append(cells[number])
        values = [_number(cells[number], comma=comma) for number in roles.features]
        features.append(np.array([np.nan if value is None else value for value in values]))
        for bad in np.flatnonzero(~_finite(features[-1])):
            place = roles.features[bad]
            seen = odd.get(place)
            odd[place] = (seen[0], seen[1], seen[2] + 1) if seen else (row, cells[place], 1)
    problems += [_odd_words(table, place, *seen) for place, seen in odd.items()]
    if problems:
        more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
        raise DataError(
            f"{table.path} cannot be read as bags: every column but those that name bags and instances is a "
            "feature; correct the cells or remove the columns:",
            [*problems[:_SHOWN], *more],
        )
    shaped = np.stack(features) if features else np.empty((0, len(roles.features)))
    return Cells(ids, named if roles.instance is not None else None, index, shaped)


def _rows(table: TextTable, problems: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Return number and cells of each row that is not blank, a cell for each column."""
    width = len(table.header)
    with _long_cells(), table.path.open(encoding=table.encoding, newline="") as file:
        for _ in range(table.skip):
            file.readline()
        reader = csv.reader(file, delimiter=table.separator, skipinitialspace=True, strict=True)
        for number, cells in enumerate(reader, start=table.skip + 1):
            row = [cell.strip() for cell in cells]
            if number == table.skip + 1 or not any(row):
                continue
            if any(row[width:]):
                problems.append(
                    f"{table.path.name} row {number}: {len(row)} cells, but the header has {width} columns"
                )
            yield number, (row + [""] * width)[:width]


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let a cell be longer than the csv module allows, which is a setting of the whole process."""
    before = csv.field_size_limit(_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _odd_words(table: TextTable, place: int, row: int, cell: str, count: int) -> str:
    more = f" ({count} such cells)" if count > 1 else ""
    reason = "not a finite number" if _number_like(cell) else f"{cell[:80]!r} is no number"
    return f"{table.path.name} row {row}, column {table.header[place]!r}: {reason}{more}"


def _number_like(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None or cell.lower().lstrip("+-") in ("nan", "inf", "infinity")


def _number(cell: str, *, comma: bool) -> float | None:
    if cell.lower() in _WORDS:
        return _WORDS[cell.lower()]
    if comma:
        cell = cell.replace(".", "x").replace(",", ".")
    return float(cell) if _NUMBER.fullmatch(cell) else None


def _numbers(cells: list[str], *, comma: bool) -> np.ndarray | None:
    values = [_number(cell, comma=comma) for cell in cells]
    shown = [value for value in values if value is not None]
    return np.array(shown) if len(shown) == len(values) else None


def _finite(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return np.isfinite(values.astype(np.float32))


def _names_bags(header: Sequence[str]) -> bool:
    return any(plain_name(name) in BAG_COLUMNS for name in header)
