"""Instances from a Parquet table: a column a feature, or one column of lists; every cell is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from weldon.data.bags.bag_array import refuse_too_large
from weldon.data.bags.instance_columns import (
    Instances,
    Roles,
    clean_names,
    refuse_featureless,
    roles_of,
    without_counters,
)
from weldon.errors import DataError, MissingPackageError


def read_parquet_instances(path: Path) -> Instances:
    """Return the instances of a Parquet table.

    Raises:
        DataError: it cannot be read, or a cell is no finite number; column and row are named.
        UsageError: pyarrow is not installed.
    """
    table = _read(path)
    header = clean_names([str(name) for name in table.column_names])
    roles = roles_of(path, header)
    if table.num_rows == 0:
        raise DataError(f"{path} has no row: it must have one for each instance")
    ids = _texts(path, header[roles.bag], table.column(roles.bag))
    instances = None
    if roles.instance is not None:
        instances = _texts(path, header[roles.instance], table.column(roles.instance), blank=True)
    if len(roles.features) == 1 and _is_list(table.column(roles.features[0]).type):
        column = roles.features[0]
        values = _lists(path, header[column], table.column(column))
        left_out = [header[number] for number in (*roles.others, *roles.index)]
        return without_counters(Instances(ids, values, None, instances), left_out)
    return _columns(path, table, header, roles, (ids, instances))


def _columns(
    path: Path, table: Any, header: tuple[str, ...], roles: Roles, named: tuple[np.ndarray, np.ndarray | None]
) -> Instances:
    names, columns = [], []
    left_out, spare = [header[number] for number in roles.others], {}
    for number in roles.index:
        name, column = header[number], table.column(number)
        values = _numbers(path, name, column) if _is_number(column.type) and not column.null_count else None
        if values is not None and not np.array_equal(values, np.round(values)):
            names.append(name)
            columns.append(values)
            continue
        left_out.append(name)
        if values is not None:
            spare[name] = values
    refuse_too_large(path, (table.num_rows, len(roles.features)))
    problems = []
    for number in roles.features:
        try:
            columns.append(_numbers(path, header[number], table.column(number)))
            names.append(header[number])
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError(
            f"{path} cannot be read as bags: every column but those of names is a feature; "
            "correct the cells or remove the columns:",
            problems[:20],
        )
    refuse_featureless(path, names)
    read = Instances(named[0], np.stack(columns, axis=1), tuple(names), named[1], spare)
    return without_counters(read, left_out)


def _read(path: Path) -> Any:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingPackageError(f"to read {path}", "pyarrow", "parquet") from None
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        refuse_too_large(path, (file.metadata.num_rows, 1))
        return file.read()
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        said = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataError(f"cannot read {path} as Parquet: {said}; write the file anew") from error


def _numbers(path: Path, name: str, column: Any) -> np.ndarray:
    """Return a column as ``(T,)`` float32, all finite."""
    column = _plain(column)
    if not _is_number(column.type):
        raise DataError(f"{path.name}, column {name!r}: holds {_kind(column.type)}, not numbers")
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
        raise DataError(
            f"{path.name} row {row + 1}, column {name!r}: no value ({column.null_count} such cells)"
        )
    values = _float32(column)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise DataError(f"{path.name} row {bad[0] + 1}, column {name!r}: not a finite number")
    return values


def _lists(path: Path, name: str, column: Any) -> np.ndarray:
    """Return a column of lists as ``(T, F)`` float32."""
    import pyarrow.compute as pc

    where = f"column {name!r}"
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
        raise DataError(f"{path.name} row {row + 1}, {where}: no list of features")
    lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
    odd = np.flatnonzero(lengths != lengths[0])
    if len(odd):
        raise DataError(
            f"{path.name} row {odd[0] + 1}: {lengths[odd[0]]} features where the first row has {lengths[0]}"
        )
    if lengths[0] == 0:
        raise DataError(f"{path.name} row 1, {where}: a list without a feature")
    flat = _plain(pc.list_flatten(column))
    if not _is_number(flat.type):
        raise DataError(f"{path.name}, {where}: lists of {_kind(flat.type)}, not of numbers")
    if flat.null_count:
        place = int(np.flatnonzero(flat.is_null().to_numpy(zero_copy_only=False))[0])
        raise DataError(f"{path.name} row {place // lengths[0] + 1}, {where}: a list with an empty place")
    refuse_too_large(path, (len(lengths), int(lengths[0])))
    values = _float32(flat).reshape(len(lengths), -1)  # (T, F)
    bad = np.flatnonzero(~np.isfinite(values).all(1))
    if len(bad):
        raise DataError(f"{path.name} row {bad[0] + 1}: a feature that is not a finite number")
    return values


def _float32(column: Any) -> np.ndarray:
    import pyarrow as pa

    wide = column if pa.types.is_float16(column.type) else column.cast(pa.float64(), safe=False)
    with np.errstate(over="ignore"):
        return np.asarray(wide.to_numpy(zero_copy_only=False)).astype(np.float32)


def _texts(path: Path, name: str, column: Any, *, blank: bool = False) -> np.ndarray:
    """Return names ``(T,)`` as text; whole numbers as they are written shortest."""
    column = _plain(column)
    texts = np.array([_text(value) for value in column.to_pylist()], dtype=object)
    empty = np.flatnonzero(texts == "")
    if len(empty) and not blank:
        raise DataError(f"{path.name} row {empty[0] + 1}: no name in the column {name!r}")
    return texts


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    return "" if value is None or value != value else str(value).strip()


def _plain(column: Any) -> Any:
    """Return a column of the values themselves where it holds numbers of a dictionary."""
    import pyarrow as pa

    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return any(
        is_kind(kind)
        for is_kind in (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    )


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    kinds = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(is_kind(kind) for is_kind in kinds)


def _kind(kind: Any) -> str:
    import pyarrow as pa

    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return "text" if text else str(kind)
