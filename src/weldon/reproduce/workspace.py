"""Where data and weights lie and where runs go; what is absent is said in words a person can act on."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from weldon.data import LabelSet, Record, read_labels
from weldon.data.public.catalogue import find_entry
from weldon.errors import DataError, UsageError, WeldonError
from weldon.files import read_csv, write_csv, write_text
from weldon.recipes import Source
from weldon.training import build_recipe

SHARE = 0.2
SEED = 0


def held_back_table(source: Source, folder: Path, home: Path) -> tuple[Path, Path]:
    """Return a table with the splits train, val (held back) and test, and the folder of its images.

    Classes without a training image are left out. The table is written once: the draw depends on the data
    alone.
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
    """Write a column a class that training has, names below ``pictures``; an empty cell is unknown."""
    learnt = sorted({label for record in parts["train"] for label in record.labels})
    rows = [
        {
            "file_name": record.path.relative_to(pictures).as_posix(),
            "split": split,
            **{name: "" if name in record.unknown else int(name in record.labels) for name in learnt},
        }
        for split, records in parts.items()
        for record in records
    ]
    write_csv(path, rows, ("file_name", "split", *learnt))


def tuning_names(source: Source, table: Path) -> Path:
    """Return a file of held-back images that may choose settings: a seeded draw, a stem a line."""
    path = table.with_name(f"{source.name}-tuning.txt")
    if not path.exists():
        rows = read_csv(table)
        if any(not {"file_name", "split"} <= row.keys() for row in rows[:1]):
            raise DataError(f"{table} must have the columns file_name and split: remove it to draw anew")
        stems = sorted(Path(row["file_name"]).stem for row in rows if row["split"] == "val")
        count = min(max(source.tuning.values()), len(stems))
        drawn = sorted(np.random.default_rng(SEED).choice(stems, count, replace=False).tolist())
        write_text(path, "".join(f"{stem}\n" for stem in drawn))
    return path


def _pictures(source: Source, folder: Path) -> Path:
    """Return the folder of the images: that of a devkit, or of the archive it unpacks from, or the data's."""
    if source.labels is not None:
        return folder
    return next(iter(sorted(folder.glob("VOCdevkit/VOC*/JPEGImages"))), folder / "JPEGImages")


NOT_FILES = ("default", "none")
PROTOCOL = {"data", "labels", "dataset", "val", "seed"}


class AbsentError(WeldonError):
    """A row needs something that is not here; the message says how to get it."""


@dataclass(frozen=True)
class Workspace:
    """Where things are.

    Args:
        data_root: the folder that holds the data sets.
        out: the folder for runs, figures and tables.
        weights: the folder for files of weights; None: ``WELDON_WEIGHTS``, else ``weights`` beside the data.
        options: options of ``weldon train`` that go before those of every recipe.
        seeds: in place of those of every recipe.

    Raises:
        UsageError: an option that does not exist, or that a recipe's protocol decides.
    """

    data_root: Path
    out: Path
    weights: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if fixed := sorted(PROTOCOL & self.options.keys()):
            raise UsageError(f"--set cannot change {fixed[0]!r}: the protocol decides it")
        build_recipe({"data": ".", **self.options})

    def folder(self, source: Source) -> Path:
        """Return the folder of a data set.

        Raises:
            AbsentError: it is not there.
        """
        folder = self.data_root / (source.folder or find_entry(str(source.dataset)).home)
        if not folder.is_dir():
            raise AbsentError(f"needs {source.name}: {source.how_to_get}")
        return folder

    def data_options(self, source: Source) -> dict[str, Any]:
        """Return the options of ``weldon train`` that read a data set.

        Raises:
            AbsentError: it is not there.
        """
        folder = self.folder(source).absolute()
        if not source.held_back:
            return {"data": folder, "dataset": source.dataset}
        table, images = held_back_table(source, folder, self.out / "labels")
        return {"data": images, "labels": table}

    def truth_options(self, source: Source, wanted: Collection[str]) -> dict[str, Any]:
        """Return the options of ``weldon.evaluate`` for the truth that flags of these names read."""
        folder = self.folder(source)
        given: dict[str, Any] = {name: folder / source.truth[name] for name in source.truth if name in wanted}
        if given.keys() & source.tuning:
            given["tune_on"] = tuning_names(source, self.data_options(source)["labels"])
        return given

    def weights_file(self, weights: str) -> str:
        """Return where a file of weights lies, or the word that is none.

        Raises:
            AbsentError: it is not there.
        """
        if weights in NOT_FILES or Path(weights).is_file():
            return weights
        stated = os.environ.get("WELDON_WEIGHTS")
        folder = self.weights or (Path(stated) if stated else self.data_root.parent / "weights")
        if not (folder / weights).is_file():
            raise AbsentError(f"needs {weights}: set WELDON_WEIGHTS to its folder, or --set weights=FILE")
        return str((folder / weights).absolute())
