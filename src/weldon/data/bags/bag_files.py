"""Bags from files: a table with a row an instance, or a folder with a file a bag."""

from __future__ import annotations

from pathlib import Path

from weldon.data.bags.bag_folder import BagFolder
from weldon.data.bags.bag_source import BagSource
from weldon.data.bags.instance_table import SUFFIXES as TABLES
from weldon.data.bags.instance_table import BagTable
from weldon.errors import DataError, UsageError


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
