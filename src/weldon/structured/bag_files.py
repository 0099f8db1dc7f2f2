"""Bags from files: a table with a row an instance, or a folder with a file a bag."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from weldon.errors import DataError, UsageError
from weldon.structured.bag_folder import BagFolder
from weldon.structured.bag_table import SUFFIXES as TABLES
from weldon.structured.bag_table import BagTable


class BagSource(Protocol):
    """Bags by name, read when they are asked for; each has a path, which for a table is no file of its own.

    Attributes:
        path: of the table or folder.
        paths: of every bag, in order.
        num_features: F.
        features: F names; None where the files give none.
        notes: what was decided in reading, one sentence each.
    """

    path: Path
    paths: tuple[Path, ...]
    num_features: int
    features: tuple[str, ...] | None
    notes: tuple[str, ...]

    def select(self, names: Sequence[str]) -> BagSource | None:
        """Return the same bags with these features in this order; None where that cannot be."""

    def find(self, name: str) -> Path | None:
        """Return the path of the bag of that name, or None."""

    def why_not(self, name: str) -> str:
        """Return a sentence for the user about a bag that was not found."""

    def name(self, path: Path) -> str:
        """Return the name of a bag."""

    def size(self, path: Path) -> int:
        """Return how many instances a bag has, R, without reading them."""

    def read(self, path: Path) -> np.ndarray:
        """Return the instances of a bag, ``(R, F)`` float32, all of them finite."""

    def instances(self, path: Path) -> list[str]:
        """Return the names of the R instances of a bag: those of the file, else their numbers from 0."""


def open_bags(path: str | Path) -> BagSource:
    """Open bags in any of the forms people have; a folder is not read before its bags are asked for.

    Args:
        path: a ``.parquet``, ``.csv`` or ``.tsv`` table with columns ``bag``, optionally ``instance``, and
            features, one row an instance; or a folder of ``.npy`` or ``.safetensors`` files ``(R, F)``, one
            a bag.

    Raises:
        DataError: no such file, or contents that are no bags; the message names file and row.
        UsageError: another kind of file.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"no file or folder {path}: give the table or the folder that holds the bags")
    if path.is_dir():
        return BagFolder(path)
    if not path.is_file():
        raise DataError(f"{path} is neither a file nor a folder, but a pipe or a device: it cannot hold bags")
    if path.suffix.lower() in TABLES:
        return BagTable(path)
    raise UsageError(f"bags must be a folder or end in {', '.join(TABLES)}, got {path}")
