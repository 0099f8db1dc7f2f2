"""Bags from files: a table with a row an instance, or a folder with a file a bag."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from weldon.data.image import SUFFIXES as IMAGES
from weldon.errors import DataError, UsageError
from weldon.text import BAG_COLUMNS, FILE_COLUMNS, plain_name

if TYPE_CHECKING:
    from weldon.data.bags.bag_source import BagSource

ARRAYS = (".npy", ".safetensors", ".h5", ".hdf5")
TABLES = (".parquet", ".csv", ".tsv")


def holds_bags(data: Path, labels: Path | None = None) -> bool:
    """Return whether DATA is bags: a table with a column ``bag``, or a folder of arrays without a picture.

    A table beside a table of labels is one of bags too, unless it names images.

    Args:
        data: what is to be read.
        labels: the table of labels, where there is one.

    Raises:
        DataError: a table that cannot be read as text.
    """
    if data.is_dir():
        endings = {path.suffix.lower() for path in data.iterdir() if not path.name.startswith(".")}
        return bool(endings & set(ARRAYS)) and not endings & set(IMAGES)
    if data.suffix.lower() not in TABLES or not data.is_file():
        return False
    if data.suffix.lower() == ".parquet":
        return True
    from weldon.data.bags.instance_csv import open_text_table

    names = {plain_name(name) for name in open_text_table(data).header}
    if names & set(BAG_COLUMNS):
        return labels is not None or BAG_COLUMNS[0] in names or not names & set(FILE_COLUMNS)
    return labels is not None and not names & set(FILE_COLUMNS)


def open_bags(path: str | Path) -> BagSource:
    """Open bags in any of the forms people have; a folder is not read before its bags are asked for.

    Args:
        path: a ``.parquet``, ``.csv`` or ``.tsv`` table with columns ``bag``, optionally ``instance``, and
            features, one row an instance; or a folder of ``.npy``, ``.safetensors`` or ``.h5`` files
            ``(R, F)``, one a bag.

    Raises:
        DataError: no such file, or contents that are no bags; the message names file and row.
        UsageError: another kind of file.
    """
    from weldon.data.bags.bag_folder import BagFolder  # these bring torch, pandas and scipy
    from weldon.data.bags.instance_table import BagTable

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
