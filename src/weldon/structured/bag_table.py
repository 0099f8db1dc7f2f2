"""Bags in one table: a row an instance, a column that names its bag, every other column a feature."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from weldon.errors import DataError, UsageError
from weldon.structured.bags import BagDataset

SUFFIXES = (".parquet", ".csv", ".tsv")
BAG, INSTANCE = "bag", "instance"


class BagTable:
    """Bags of a Parquet, CSV or TSV table, held in memory; see :class:`weldon.structured.BagSource`.

    The column ``bag`` names the bag of a row, ``instance`` (may be missing) the row itself. All others are
    features: numbers, or in Parquet one column of lists.

    Args:
        path: of the table.

    Raises:
        DataError: no column ``bag``, no feature, or a cell that is no finite number; the row is named.
        UsageError: Parquet without pyarrow.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        table = _read(path)
        if BAG not in table:
            there = ", ".join(map(str, table.columns[:8]))
            raise DataError(f"{path}: no column {BAG!r} that names the bag of each row; there are {there}")
        if table.empty:
            raise DataError(f"{path} has no row: it must have one for each instance")
        values = _features(table.drop(columns=[BAG, INSTANCE], errors="ignore"), path)
        ids = _names(table[BAG], path)
        rows, names = BagDataset.from_ids(np.arange(len(table))[:, None], ids)
        order = rows.values[:, 0]  # (T,) row of the table for each instance, bag after bag
        self.bags = BagDataset(values[order], rows.offsets)
        self.num_features = self.bags.num_features
        self.paths = tuple(path / name for name in names)
        self._number = {bag: number for number, bag in enumerate(self.paths)}
        self._instances = table[INSTANCE].astype(str).to_numpy()[order] if INSTANCE in table else None

    def find(self, name: str) -> Path | None:
        """Return the path of the bag of that name, or None."""
        bag = self.path / name
        return bag if bag in self._number else None

    def why_not(self, name: str) -> str:
        """Return a sentence for the user about a bag that was not found."""
        near = get_close_matches(name, [self.name(bag) for bag in self.paths], n=1)
        return f"no bag {name!r} in {self.path}" + (
            f"; there is {near[0]!r}: correct the name" if near else ""
        )

    def name(self, path: Path) -> str:
        """Return the name of a bag."""
        return path.relative_to(self.path).as_posix()

    def size(self, path: Path) -> int:
        """Return how many instances a bag has."""
        return int(self.bags.sizes[self._number[path]])

    def read(self, path: Path) -> np.ndarray:
        """Return the instances of a bag, ``(R, F)`` float32."""
        return np.asarray(self.bags[self._number[path]])

    def instances(self, path: Path) -> list[str]:
        """Return the names of the instances of a bag: the column ``instance``, else their numbers from 0."""
        if self._instances is None:
            return [str(number) for number in range(self.size(path))]
        start, end = self.bags.offsets[self._number[path] :][:2]
        return [str(name) for name in self._instances[start:end]]


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        separator = "\t" if path.suffix.lower() == ".tsv" else ","
        return pd.read_csv(path, sep=separator, dtype={BAG: str, INSTANCE: str}, keep_default_na=False)
    except ImportError:
        raise UsageError(f"to read {path} pyarrow must be installed: pip install 'weldon[parquet]'") from None
    except (ValueError, OSError) as error:
        raise DataError(f"cannot read {path} as a table of bags: {error}") from error


def _names(column: pd.Series[Any], path: Path) -> np.ndarray:
    names = column.astype(str).str.strip().to_numpy()
    blank = np.flatnonzero((names == "") | column.isna().to_numpy())
    if len(blank):
        raise DataError(f"{_place(path, blank[0])}: no name in the column {BAG!r}")
    return np.asarray(names)


def _features(table: pd.DataFrame, path: Path) -> np.ndarray:
    """Return ``(T, F)`` float32."""
    if table.shape[1] == 0:
        raise DataError(f"{path}: no column of features beside {BAG!r}")
    first: Any = table.iloc[0, 0]
    if table.shape[1] == 1 and isinstance(first, list | tuple | np.ndarray):
        return _stacked(list(table.iloc[:, 0]), path)
    for name in table.columns:
        if not pd.api.types.is_numeric_dtype(table[name]):
            odd = pd.to_numeric(table[name], errors="coerce").isna().to_numpy().nonzero()[0]
            row = int(odd[0]) if len(odd) else 0
            raise DataError(
                f"{_place(path, row)}, column {name!r}: {table[name].iloc[row]!r} is no number: every column "
                f"but {BAG!r} and {INSTANCE!r} is a feature; correct the cell or remove the column"
            )
    values = table.to_numpy(dtype=np.float32, na_value=np.nan)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        raise DataError(f"{_place(path, row)}, column {table.columns[column]!r}: not a finite number")
    return values


def _stacked(column: Sequence[Any], path: Path) -> np.ndarray:
    """Return the lists of one column as ``(T, F)`` float32."""
    width = len(column[0])
    for row, cell in enumerate(column):
        if len(cell) != width:
            raise DataError(f"{_place(path, row)}: {len(cell)} features where the first row has {width}")
    values = np.stack([np.asarray(cell, dtype=np.float32) for cell in column])
    bad = np.flatnonzero(~np.isfinite(values).all(1))
    if len(bad):
        raise DataError(f"{_place(path, bad[0])}: a feature that is not a finite number")
    return values


def _place(path: Path, row: int | np.integer[Any]) -> str:
    """Return file and row as a reader counts: the header of a text table is row 1, Parquet has none."""
    return f"{path.name} row {int(row) + (1 if path.suffix.lower() == '.parquet' else 2)}"
