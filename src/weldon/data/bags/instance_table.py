"""Bags in one table: a row an instance, a column that names its bag, every other column a feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from weldon.data.bags.bag_names import BagNames
from weldon.data.bags.bag_set import BagDataset
from weldon.data.bags.instance_columns import Instances, id_notes
from weldon.data.bags.instance_csv import read_csv_instances
from weldon.data.bags.instance_parquet import read_parquet_instances


class BagTable:
    """Bags of a Parquet, CSV or TSV table, held in memory; see :class:`weldon.structured.BagSource`.

    The column ``bag`` (or ``slide_id``, ``case_id``) names the bag of a row, ``instance`` (may be missing)
    the row itself. All others are features: numbers, or in Parquet one column of lists. Columns that number
    the rows are left out, and a note says so.

    Args:
        path: of the table.
        table: its content, where it was read already.

    Raises:
        DataError: no column ``bag``, no feature, or a cell that is no finite number; the row is named.
        UsageError: Parquet without pyarrow.
    """

    def __init__(self, path: Path, table: Instances | None = None) -> None:
        self.path = path
        self._table = _read(path) if table is None else table
        self.features, self.notes = self._table.names, self._table.notes
        ids = self._table.ids
        rows, names = BagDataset.from_ids(np.arange(len(ids))[:, None], ids)
        order = rows.values[:, 0]  # (T,) row of the table for each instance, bag after bag
        self.bags = BagDataset(self._table.values[order], rows.offsets)
        self.num_features = self.bags.num_features
        # Numbers, for names may hold what no path can.
        self.paths = tuple(path / f"bag {number}" for number in range(len(names)))
        self._number = {bag: number for number, bag in enumerate(self.paths)}
        self._names = [str(name) for name in names]
        self._named = BagNames(dict(zip(self._names, self.paths, strict=True)))
        self.notes += id_notes(self.bags, self.features)
        given = self._table.instances
        self._instances = None if given is None else given[order]

    def select(self, names: Sequence[str]) -> BagTable | None:
        """Return the same bags with these features in this order; None where one is missing.

        Columns that were left out are taken where they are named.
        """
        there = {name: self._table.values[:, n] for n, name in enumerate(self.features or ())}
        there = self._table.spare | there
        if not all(name in there for name in names):
            return None
        values = np.stack([there[name] for name in names], axis=1)
        return BagTable(self.path, replace(self._table, values=values, names=tuple(names)))

    def find(self, name: str) -> Path | None:
        """Return the path of the bag of that name, or None."""
        return self._named.find(name)

    def why_not(self, name: str) -> str:
        """Return a sentence for the user about a bag that was not found."""
        return self._named.why_not(name, str(self.path))

    def name(self, path: Path) -> str:
        """Return the name of a bag."""
        return self._names[self._number[path]]

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


def _read(path: Path) -> Instances:
    is_parquet = path.suffix.lower() == ".parquet"
    return read_parquet_instances(path) if is_parquet else read_csv_instances(path)
