"""A table of labels in which a fixed fifth of train is held back: choices are made there, not on test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from weldon.data import LabelSet, Record, read_labels
from weldon.errors import DataError
from weldon.files import read_csv, write_csv, write_text
from weldon.recipes import Source

SHARE = 0.2
SEED = 0


def held_back_table(source: Source, folder: Path, home: Path) -> tuple[Path, Path]:
    """Return a table with the splits train, val (held back) and test, and the folder of its images.

    Classes without a training image are left out; a class of which an image shows only difficult objects
    counts as absent. The table is written once: the draw depends on the data alone.
    """
    table, pictures = home.absolute() / f"{source.name}.csv", _pictures(source, folder)
    if not table.exists():
        labels = None if source.labels is None else folder / source.labels
        label_set = read_labels(folder, labels, image_set=source.image_set, dataset=source.dataset)
        write_table(table, divided(label_set, source.test), pictures)
    return table, pictures


def divided(label_set: LabelSet, test: str) -> dict[str, list[Record]]:
    """Return the records of train, val and test; a seeded fifth of train becomes val."""
    train = label_set.of_split("train")
    order = np.random.default_rng(SEED).permutation(len(train)).tolist()
    cut = round(SHARE * len(train))
    held, kept = ([train[row] for row in part] for part in (order[:cut], order[cut:]))
    return {"train": kept, "val": held, "test": list(label_set.of_split(test))}


def write_table(path: Path, parts: Mapping[str, Sequence[Record]], pictures: Path) -> None:
    """Write ``file_name,labels,split``, names below ``pictures``, without labels that training lacks."""
    learnt = {label for record in parts["train"] for label in record.labels}
    rows = [
        {
            "file_name": record.path.relative_to(pictures).as_posix(),
            "labels": "|".join(sorted(record.labels & learnt)),
            "split": split,
        }
        for split, records in parts.items()
        for record in records
    ]
    write_csv(path, rows, ("file_name", "labels", "split"))


def declared_names(source: Source, table: Path) -> Path:
    """Return a file of held-back images whose masks may be looked at: a seeded draw, a stem a line."""
    path = table.with_name(f"{source.name}-declared.txt")
    if not path.exists():
        rows = read_csv(table)
        if any(not {"file_name", "split"} <= row.keys() for row in rows[:1]):
            raise DataError(f"{table} must have the columns file_name and split: remove it to draw anew")
        stems = sorted(Path(row["file_name"]).stem for row in rows if row["split"] == "val")
        count = min(source.declared, len(stems))
        drawn = sorted(np.random.default_rng(SEED).choice(stems, count, replace=False).tolist())
        write_text(path, "".join(f"{stem}\n" for stem in drawn))
    return path


def _pictures(source: Source, folder: Path) -> Path:
    """Return the folder of the images: that of a devkit, or of the archive it unpacks from, or the data's."""
    if source.labels is not None:
        return folder
    return next(iter(sorted(folder.glob("VOCdevkit/VOC*/JPEGImages"))), folder / "JPEGImages")
