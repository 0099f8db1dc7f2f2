"""Choose the images that a run is measured on, and apart from them those that it is tuned on."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from weldon.data import Record
from weldon.data.decode import allowing_pixels
from weldon.data.split import numbered, read_numbered_splits
from weldon.errors import DataError, UsageError
from weldon.evaluation.tuning_images import choose_tuning_images
from weldon.runs.recipe import Recipe
from weldon.runs.run_directory import RunDirectory
from weldon.training.inputs.images import IMAGES
from weldon.training.inputs.inputs import Inputs, Prepared
from weldon.training.inputs.prepare import open_inputs, prepare_again

log = logging.getLogger("weldon")


@dataclass(frozen=True)
class MeasuredImages:
    """Labelled images, those to measure on, and those that may choose thresholds.

    Args:
        records: all, with their split.
        measured: the images to measure on.
        tuning: the images that may choose thresholds and settings, none of them measured.
        data: the folder they are in.
        own: whether it is the data that the run was trained on.
        inputs: what the records are.
        tune_on: how the caller names the tuning images; None: there are none.
    """

    records: tuple[Record, ...]
    measured: tuple[Record, ...]
    tuning: tuple[Record, ...]
    data: Path
    own: bool
    inputs: Inputs = IMAGES
    tune_on: str | None = None

    def readable(self, paths: Mapping[Path, int]) -> MeasuredImages:
        """Return the same without the files that have no cached map."""
        kept = (tuple(r for r in part if r.path in paths) for part in (self.measured, self.tuning))
        measured, tuning = kept
        return replace(self, measured=measured, tuning=tuning)


@contextmanager
def pixels_as_trained(run: RunDirectory) -> Iterator[None]:
    """Read pictures of the size that the run was trained with, unless the command says another."""
    with allowing_pixels(run.recipe.max_pixels, unless_told=True):
        yield


def choose_images(
    run: RunDirectory,
    recipe: Recipe,
    data: Path | None,
    *,
    labels: Path | None = None,
    split: str | None = None,
    tune_on: str | None = None,
) -> MeasuredImages:
    """Return the images of ``split`` and, apart from them, those of ``tune_on``.

    Args:
        run: it remembers its data and how it was split.
        recipe: of the run.
        data: other labelled images; None: the run's own.
        labels: their table of labels.
        split: which images; None: the validation images of the run's own data, all of other data.
        tune_on: a split, or a text file with a name a line.

    Raises:
        UsageError: no image in the split, or measured images among those to tune on.
        DataError: a name that is no image.
    """
    records, inputs = _own_records(run, recipe) if data is None else _other_records(run, recipe, data, labels)
    wanted = split or ("val" if data is None else None)
    place = data or recipe.data
    measured = tuple(record for record in records if wanted in (None, record.split))
    if not measured:
        there = ", ".join(sorted({record.split for record in records if record.split})) or "none"
        raise UsageError(f"split must be one with images ({there}), got {split!r} for {place}")
    tuning = () if tune_on is None else choose_tuning_images(records, tune_on, measured)
    return MeasuredImages(records, measured, tuning, place, data is None, inputs, tune_on)


def _own_records(run: RunDirectory, recipe: Recipe) -> tuple[tuple[Record, ...], Inputs]:
    prepared = prepare_again(run, recipe)
    return as_split(run, prepared), prepared.inputs


def as_split(run: RunDirectory, prepared: Prepared) -> tuple[Record, ...]:
    """Return what is there today in the splits of the run; what it did not know is in none.

    Raises:
        DataError: the run's table of splits is not the one it wrote.
    """
    written = read_numbered_splits(run.splits)
    _refuse_lost_rows(run, written, prepared.noun)
    keys = numbered(record.file_name for record in prepared.records)
    return tuple(
        replace(record, split=written.get(key)) for key, record in zip(keys, prepared.records, strict=True)
    )


def _refuse_lost_rows(run: RunDirectory, written: Mapping[tuple[str, int], str], noun: str) -> None:
    """Refuse a table of splits with more or fewer rows than the run had: its figures would be of others.

    Raises:
        DataError: names both files.
    """
    counts = run.manifest_values.get(noun) if run.manifest.is_file() else None
    found = Counter(written.values())
    if counts and any(found[split] != counts[split] for split in ("train", "val")):
        raise DataError(
            f"{run.splits} names {found['train']} training and {found['val']} validation {noun}, and "
            f"{run.manifest.name} {counts['train']} and {counts['val']}: put back the file that was changed"
        )


def _other_records(
    run: RunDirectory, recipe: Recipe, data: Path, labels: Path | None
) -> tuple[tuple[Record, ...], Inputs]:
    inputs = open_inputs(data, labels)
    label_set = inputs.read(recipe, data, labels, run.class_names)
    for note in label_set.notes:
        log.warning("%s: %s", data, note)
    if data.resolve() == recipe.data.resolve() and run.splits.is_file():
        _say_known(run, label_set.records, inputs.noun)
    return label_set.records, inputs


def _say_known(run: RunDirectory, records: Sequence[Record], noun: str) -> None:
    """Say how many images of the folder that the run was trained on are its own."""
    written = read_numbered_splits(run.splits)
    found = Counter(written.get(key) for key in numbered(record.file_name for record in records))
    if found["train"] or found["val"]:
        log.warning(
            "the run learnt from %d of these %s, and %d chose its epoch and thresholds: leave out DATA for "
            "figures on the latter alone, or keep %s apart (--split test)",
            found["train"],
            noun,
            found["val"],
            noun,
        )


def seen_before(data: Path | None, split: str | None) -> str | None:
    """Return what a run did with the images it is measured on: ``learnt from``, ``chosen by``, or None.

    Args:
        data: other images; None: the run's own.
        split: of the images, as for :func:`choose_images`.
    """
    return {"train": "learnt from", "val": "chosen by"}.get(split or "val") if data is None else None


def seen_words(seen: str | None) -> str | None:
    """Return the sentence that tells a person what such figures are worth; None: nothing need be said."""
    return {
        "learnt from": "the run learnt from these images: the figures say little about new ones",
        "chosen by": (
            "these images chose the run's best epoch and its thresholds, so the figures are a little too "
            "good: for one to publish, measure images kept apart (--split test)"
        ),
    }.get(seen or "")
