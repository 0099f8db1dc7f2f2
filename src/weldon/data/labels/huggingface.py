"""Hugging Face folders: a metadata file beside the images, in the folder itself or in one a split."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from weldon.data.delimited import read_delimited
from weldon.data.labels.columns import LABEL_COLUMNS, has_name_column
from weldon.data.labels.entry_row import tells_labels
from weldon.data.labels.forms import form_of
from weldon.data.labels.label_file import LabelOptions, Told
from weldon.data.labels.locate import ImageFinder
from weldon.data.walk import is_hidden
from weldon.errors import DataError, UsageError
from weldon.files import parse_json, read_text
from weldon.text import plain_name

METADATA = ("metadata.jsonl", "metadata.csv", "metadata.parquet")


def metadata_files(root: Path) -> list[Path]:
    """Return the metadata files below ``root`` (not in it) that tell labels, one a folder.

    Raises:
        UsageError: a folder holds two of them.
    """
    found = []
    for place, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        there = [Path(place, name) for name in METADATA if name in names and Path(place) != root]
        telling = [path for path in there if _tells_labels(path, holds_folders=bool(folders))]
        if len(telling) > 1:
            raise UsageError(
                f"{place} has {', '.join(path.name for path in telling)}: keep the one that counts, or give "
                "`labels`"
            )
        found += telling
    return found


def metadata_told(files: Sequence[Path], root: Path, options: LabelOptions) -> Told:
    """Return what several metadata files say together, each image by its name below ``root``.

    Raises:
        DataError: tables with a column a class that have not the same classes, or what one reader refuses.
    """
    told = [_below(form_of(path).read(path, root, options), path, root) for path in files]
    declared = [sorted(one.declared or ()) for one in told]
    if any(names != declared[0] for names in declared):
        raise DataError(
            "the metadata files have not the same columns of classes; correct them:",
            [
                f"{path}: {', '.join(names) or 'labels in one column'}"
                for path, names in zip(files, declared, strict=True)
            ],
        )
    return Told(
        root,
        told[0].form,
        [row for one in told for row in one.rows],
        told[0].declared,
        list(dict.fromkeys(note for one in told for note in one.notes)),
        [problem for one in told for problem in one.problems],
    )


def _below(told: Told, path: Path, root: Path) -> Told:
    """Return the rows with the names that their images have below ``root``, and the file with its folder."""
    folder = path.parent.relative_to(root).as_posix()
    beside = ImageFinder((path.parent,))
    rows = []
    for row in told.rows:
        name = row.record.file_name
        below = f"{folder}/{name}" if beside.find(name) else name
        rows.append(replace(row.saying(file_name=below), where=f"{folder}/{row.where}"))
    return replace(told, rows=rows, problems=[f"{folder}/{problem}" for problem in told.problems])


def _tells_labels(path: Path, *, holds_folders: bool) -> bool:
    """Return whether a metadata file says what images show; one that cannot be read is taken to."""
    if path.suffix == ".parquet":
        return True
    try:
        if path.suffix == ".jsonl":
            first = next((line for line in read_text(path).split("\n") if line.strip()), "{}")
            return tells_labels(parse_json(first, str(path))) or not holds_folders
        header = read_delimited(path, has_name_column).header
    except DataError:
        return not holds_folders
    return not holds_folders or bool({plain_name(name) for name in header} & set(LABEL_COLUMNS))
