"""The images of a folder of shards as labelled records: what ``weldon train SHARDS`` reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from weldon.counted import counted
from weldon.data.labels.label_file import FolderForm
from weldon.data.record import SPLITS, LabelSet, Record
from weldon.data.shards.member import member_path
from weldon.data.shards.writing import INDEX, LIST, read_index
from weldon.data.stores import shown, sizes_in, text_of
from weldon.errors import DataError
from weldon.files import parse_json


def read_shards(folder: Path, classes: Sequence[str] | None = None) -> LabelSet:
    """Return every image of the shards, in the order in which :func:`write_shards` was given them.

    Args:
        folder: with ``shards.json``, on a disk or in an object store.
        classes: of a trained model, to keep its order.

    Raises:
        DataError: no list of images, one that is damaged, shards of another size than when they were written,
            or labels that are none of the classes.
    """
    sizes, file = sizes_in(folder), shown(folder / LIST)
    if INDEX not in sizes:
        raise DataError(
            f"{shown(folder)} holds no {INDEX}: give the place of shards, which `weldon data shards` writes"
        )
    index = read_index(folder)
    if LIST not in sizes:
        raise DataError(
            f"{shown(folder)} has shards and no {LIST}, which older versions did not write: write them anew"
        )
    _refuse_changed(folder, sizes)
    shards = {name for _, names in index.splits.values() for name in names}
    records, problems = [], []
    for number, line in enumerate(text_of(folder / LIST).splitlines(), start=1):
        told = parse_json(line, f"{file} row {number}")
        try:
            records.append(_record(folder, told, shards))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            problems.append(f"row {number}: {error!r}")
    if problems:
        raise DataError(f"{file} is damaged: write the shards anew:", problems)
    if len(records) != sum(count for count, _ in index.splits.values()):
        raise DataError(
            f"{file} lists {counted(len(records), 'image')} and {INDEX} counts others: write the shards anew"
        )
    known = index.classes if classes is None else tuple(classes)
    if strange := sorted({name for r in records for name in r.labels | r.unknown} - set(known)):
        raise DataError(
            f"{shown(folder)}: labels that are none of the classes {', '.join(known)}: {', '.join(strange)}"
        )
    return LabelSet(tuple(records), known, "shards")


def _record(folder: Path, told: dict[str, Any], shards: set[str]) -> Record:
    if told["shard"] not in shards or told["split"] not in (None, *SPLITS):
        raise ValueError(f"no such shard or split: {told['shard']!r}, {told['split']!r}")
    if not 0 <= (weight := float(told["weight"])) < math.inf:
        raise ValueError(f"a weight must be a number from 0, got {weight}")
    path = member_path(folder / told["shard"], int(told["offset"]), int(told["bytes"]), str(told["ending"]))
    return Record(
        path,
        str(told["file_name"]),
        frozenset(map(str, told["labels"])),
        frozenset(map(str, told["unknown"])),
        told["split"],
        told["group"],
        weight,
    )


def _refuse_changed(folder: Path, found: dict[str, int]) -> None:
    """Refuse shards of another size than when they were written: places in them would mean nothing."""
    written = parse_json(text_of(folder / INDEX), shown(folder / INDEX)).get("bytes")
    if not isinstance(written, dict):
        raise DataError(f"{shown(folder / INDEX)} does not say how long the shards are: write them anew")
    problems = [
        f"{name}: {found[name]:,} bytes, it was written with {size}" if name in found else f"{name}: missing"
        for name, size in written.items()
        if found.get(name) != size
    ]
    if problems:
        raise DataError(
            f"{shown(folder)}: shards that are not as they were written; copy them again:", problems
        )


FORM = FolderForm(
    lambda root: root if (root / INDEX).is_file() else None,
    lambda root, options: read_shards(root, options.classes),
)
