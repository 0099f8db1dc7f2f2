"""Predictions as Parquet: one row an image, the names of ``predictions.jsonl``; written and read in parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weldon.errors import DataError, MissingPackageError
from weldon.files import replacing
from weldon.inference.output import box_record, image_record

if TYPE_CHECKING:
    from weldon.inference.result import Result

KEY = b"weldon"  # in the metadata of a file: the plan that it belongs to
_MERGED_ROWS = 50_000  # rows of a group in the merged file


def arrow() -> Any:
    """Return pyarrow with its Parquet part.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingPackageError("to write Parquet", "pyarrow", "parquet") from None
    return pyarrow


def columns(classes: Sequence[str], *, points: bool, boxes: bool) -> Any:
    """Return the schema: scores and probabilities have a field a class; ``skipped`` says why there are none.

    Args:
        classes: in the order of the network's outputs.
        points: a column ``points``: one of each predicted class.
        boxes: a column ``boxes``: those of each predicted class.
    """
    pa = arrow()
    by_class = pa.struct([(name, pa.float32()) for name in classes])
    fields = [("file_name", pa.string()), ("width", pa.int32()), ("height", pa.int32())]
    fields += [("labels", pa.list_(pa.string())), ("scores", by_class), ("probabilities", by_class)]
    if points:
        fields.append(("points", pa.list_(_place(pa, "x", "y", "score"))))
    if boxes:
        fields.append(("boxes", pa.list_(_place(pa, "x1", "y1", "x2", "y2", "score", "confidence"))))
    return pa.schema([*fields, ("skipped", pa.string())])


def _place(pa: Any, *numbers: str) -> Any:
    return pa.struct([("label", pa.string()), *((name, pa.float32()) for name in numbers)])


def row_of(result: Result, *, points: bool, boxes: bool, box_threshold: float | None) -> dict[str, Any]:
    """Return the row of an image."""
    row = image_record(result)
    if points:
        row["points"] = [{"label": name, **asdict(result.point(name))} for name in result.labels]
    if boxes:
        found = (box for name in result.labels for box in result.boxes(name, threshold=box_threshold))
        row["boxes"] = [box_record(result, box) for box in found]
    return row


def write_part(path: Path, rows: Sequence[Mapping[str, Any]], schema: Any, key: str) -> None:
    """Write the rows of one part, whole or not at all; the caller holds the lock of the part."""
    pa = arrow()
    for left in path.parent.glob(f".{path.name}.*.part"):  # of a killed process, perhaps on another machine
        left.unlink(missing_ok=True)
    table = pa.Table.from_pylist(list(rows), schema=schema.with_metadata({KEY: key}))
    with replacing(path) as draft:
        pa.parquet.write_table(table, draft)


def is_whole(path: Path, rows: int, key: str) -> bool:
    """Return whether a part is there, whole.

    Args:
        path: of the part.
        rows: that it must have.
        key: of the plan.

    Raises:
        DataError: the file belongs to another plan.
    """
    if not path.is_file():
        return False
    pa = arrow()
    try:
        with pa.parquet.ParquetFile(path) as file:
            kept, there = (file.schema_arrow.metadata or {}).get(KEY), file.metadata.num_rows
    except (pa.ArrowException, OSError):
        return False  # cut off or damaged: it is done again
    if kept is not None and kept.decode(errors="replace") != key:
        raise DataError(f"{path} is a part of other predictions: move it away")
    return kept is not None and there == rows


def write_list(path: Path, images: Iterable[tuple[str, str]], group: int) -> None:
    """Write path and file name of each image; every ``group`` of them can be read alone."""
    pa = arrow()
    schema = pa.schema([("path", pa.string()), ("file_name", pa.string())])
    rest = iter(images)
    with replacing(path) as draft, pa.parquet.ParquetWriter(draft, schema) as writer:
        while some := list(islice(rest, group)):
            writer.write_table(pa.table(list(map(list, zip(*some, strict=True))), schema=schema))


def list_rows(path: Path, number: int, rows: int) -> list[tuple[str, str]]:
    """Return path and file name of each image of a group.

    Raises:
        DataError: the list is damaged.
    """
    pa = arrow()
    try:
        with pa.parquet.ParquetFile(path) as file:
            table = file.read_row_group(number)
        found = list(zip(*(table.column(name).to_pylist() for name in ("path", "file_name")), strict=True))
    except (pa.ArrowException, OSError, KeyError, IndexError) as error:
        raise DataError(f"{path} is damaged: begin again in another folder: {error}") from error
    if len(found) != rows:
        raise DataError(
            f"{path} has {len(found)} images in group {number}, {rows} were listed: it is damaged"
        )
    return found


def merge_parts(path: Path, parts: Iterable[tuple[Path, Sequence[str]]], schema: Any, key: str) -> None:
    """Write all parts into one file, in the order of the list, whole or not at all; little is held in memory.

    Args:
        path: of the merged file.
        parts: file of each part, and the file names that it must hold.
        schema: of the parts.
        key: of the plan.

    Raises:
        DataError: a part cannot be read, or holds other images.
    """
    pa = arrow()
    waiting: list[Any] = []
    schema = schema.with_metadata({KEY: key})
    with replacing(path) as draft, pa.parquet.ParquetWriter(draft, schema) as writer:
        for part, names in parts:
            waiting.append(_checked_part(part, names, schema))
            if sum(map(len, waiting)) >= _MERGED_ROWS:
                writer.write_table(pa.concat_tables(waiting))
                waiting.clear()
        if waiting:
            writer.write_table(pa.concat_tables(waiting))


def _checked_part(path: Path, names: Sequence[str], schema: Any) -> Any:
    pa = arrow()
    again = "remove it, and run again without --merge"
    try:
        with pa.parquet.ParquetFile(path) as file:  # read_table would take columns from the names of folders
            table = file.read().cast(schema)
        held = table.column("file_name").to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {again}: {error}") from error
    if held != list(names):
        raise DataError(f"{path} does not hold its images: {again}")
    return table
