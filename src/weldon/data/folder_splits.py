"""Splits told by the folders that images lie in, where the label file says nothing of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from weldon.data.label_file import Told
from weldon.data.record import split_name
from weldon.data.rows import Row


def with_folder_splits(told: Told) -> Told:
    """Give each row the split that its image's folder is called after, and say so.

    They count where no row has a split of its own, every image lies in such a folder, and training images and
    others are among them. Else they are passed over, with a note where there are several.
    """
    if any(row.split for row in told.rows):
        return told
    found = [folder_split(row.file_name) for row in told.rows]
    counts = Counter(split for split in found if split)
    if len(counts) < 2 and not (counts and None in found and "train" not in counts):
        return told
    said = ", ".join(f"{split} {count}" for split, count in sorted(counts.items()))
    if None in found or "train" not in counts:
        note = f"folders called after splits ({said}) are passed over: they do not divide all images"
        return replace(told, notes=[*told.notes, f"{note}; a column `split` would"])
    note = f"the folders of the images say the split: {said}"
    return replace(told, rows=_with_splits(told.rows, found), notes=[*told.notes, note])


def folder_split(file_name: str) -> str | None:
    """Return the split that a folder in a relative name is called after, the first that is one.

    Example:
        >>> folder_split("data/valid/dog/1.jpg"), folder_split("train.jpg"), folder_split("/train/1.jpg")
        ('val', None, None)
    """
    name = PurePosixPath(file_name.replace("\\", "/"))
    if name.is_absolute() or ":" in name.parts[0] if name.parts else True:
        return None
    return next((split for part in name.parts[:-1] if (split := split_name(part))), None)


def _with_splits(rows: Sequence[Row], splits: Sequence[str | None]) -> list[Row]:
    return [replace(row, split=split) for row, split in zip(rows, splits, strict=True)]
