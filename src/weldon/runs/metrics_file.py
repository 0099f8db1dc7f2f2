"""``metrics.csv``: a row of figures for each epoch, counted from 0."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weldon.errors import DataError
from weldon.files import read_csv, write_csv


def write_epoch(path: Path, row: Mapping[str, Any]) -> None:
    """Add the row of an epoch; rows of this epoch and later ones are of an earlier attempt and go.

    Args:
        path: the file; made where it is missing.
        row: ``epoch`` and figures; its names are the columns, blank where an earlier row lacks one.
    """
    write_csv(path, [*read_epochs(path, before=int(row["epoch"])), dict(row)])


def read_epochs(path: Path, *, before: int | None = None) -> list[dict[str, str]]:
    """Return the rows, those of epochs from ``before`` on left out; none where there is no file.

    Raises:
        DataError: the table is damaged; it names the file and the row.
    """
    if not path.exists():
        return []
    rows = read_csv(path)
    odd = [row for row, values in enumerate(rows, start=2) if not values.get("epoch", "").isdecimal()]
    if odd:
        raise DataError(f"{path} row {odd[0]} names no epoch: it is damaged; mend it or remove the file")
    return [row for row in rows if before is None or int(row["epoch"]) < before]
