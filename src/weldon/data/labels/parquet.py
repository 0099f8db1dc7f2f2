"""Label tables of Parquet, as ``metadata.parquet`` in a Hugging Face folder; needs the extra ``parquet``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from weldon.data.labels.entry_row import entry_row
from weldon.data.labels.label_file import FileForm, Told
from weldon.errors import DataError, MissingPackageError


def parquet_told(path: Path, *, group_col: str | None = None) -> Told:
    """Return what the rows say, by the names that ``metadata.jsonl`` has; rows are counted from 1.

    Raises:
        DataError: no Parquet, or no column for ``group_col``.
        UsageError: pyarrow is not installed.
    """
    told = Told(path, "parquet")
    for number, entry in enumerate(parquet_entries(path), start=1):
        row = entry_row(entry, f"{path.name} row {number}", group_col or "group", told.problems)
        told.rows += [row] if row else []
    if group_col is not None and not any(row.record.group for row in told.rows):
        told.problems.append(f"{path.name}: no row has a value {group_col!r} for groups")
    return told


def parquet_entries(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the named values of each row; columns of bytes (pictures) are passed over.

    Raises:
        DataError: no Parquet.
        UsageError: pyarrow is not installed.
    """
    try:
        import pyarrow as arrow
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise MissingPackageError(f"to read {path}", "pyarrow", "parquet") from None
    try:
        with ParquetFile(path) as file:
            kept = [column.name for column in file.schema_arrow if not _holds_bytes(column.type)]
            for batch in file.iter_batches(columns=kept):
                yield from batch.to_pylist()
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path} is no Parquet file that can be read: {error}") from error


def _holds_bytes(kind: Any) -> bool:
    return "binary" in str(kind)


FORM = FileForm((".parquet",), read=lambda path, _, options: parquet_told(path, group_col=options.group_col))
