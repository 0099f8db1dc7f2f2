"""Which images a run is measured on, and which declared ones may choose thresholds."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from weldon.data import Record
from weldon.data.opened import allowing_pixels
from weldon.data.record import split_name
from weldon.data.split import numbered, read_numbered_splits
from weldon.errors import DataError, UsageError
from weldon.files import read_text
from weldon.runs.recipe import Recipe
from weldon.runs.run_directory import RunDirectory
from weldon.training.inputs.inputs import Inputs, Prepared
from weldon.training.inputs.prepare import open_inputs, prepare_again

log = logging.getLogger("weldon")


@dataclass(frozen=True)
class MeasuredImages:
    """Labelled images, those to measure on, and those that may choose thresholds.

    Args:
        records: all, with their split.
        measured: the images to measure on.
        tuning: the declared images for thresholds, none of them measured.
        data: the folder they are in.
        own: whether it is the data that the run was trained on.
        inputs: what the records are.
    """

    records: tuple[Record, ...]
    measured: tuple[Record, ...]
    tuning: tuple[Record, ...]
    data: Path
    own: bool
    inputs: Inputs

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
        raise UsageError(f"split must be one with images, got {split!r} for {place}")
    tuning = () if tune_on is None else tuning_images(records, tune_on, measured)
    return MeasuredImages(records, measured, tuning, place, data is None, inputs)


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
    return label_set.records, inputs


def tuning_images(records: Sequence[Record], tune_on: str, measured: Sequence[Record]) -> tuple[Record, ...]:
    """Return the declared images.

    Args:
        records: all images.
        tune_on: ``train``, ``val`` or ``test``, or a text file with a file name or its stem a line.
        measured: the images that no threshold may see.

    Raises:
        UsageError: a measured image is among them, there are none, or ``tune_on`` is neither.
        DataError: a name that is no image.
    """
    split = split_name(tune_on)
    if split is not None:
        chosen = tuple(record for record in records if record.split == split)
    else:
        chosen = named_records(records, read_names(Path(tune_on)), source=tune_on)
    if not chosen:
        raise UsageError(f"tune_on must name images, got {tune_on!r}, which has none")
    both = {record.path for record in chosen} & {record.path for record in measured}
    if both:
        raise UsageError(
            f"tune_on must name other images than those measured, got {tune_on!r}: {len(both)} of its "
            f"{len(chosen)} are measured, {min(path.name for path in both)} for one"
        )
    if learnt := sum(record.split == "train" for record in chosen):
        log.warning("%d of the %d images to tune on were trained on", learnt, len(chosen))
    return chosen


def read_names(path: Path) -> list[str]:
    """Return the names in a text file, a line each; what follows ``#`` is a remark.

    Raises:
        UsageError: no such file.
        DataError: the file is no text.
    """
    if not path.is_file():
        raise UsageError(
            f"tune_on must be train, val, test or a file of names, got {str(path)!r}: no such file"
        )
    return [name for line in read_text(path).split("\n") if (name := line.split("#")[0].strip())]


def named_records(records: Sequence[Record], names: Sequence[str], *, source: str) -> tuple[Record, ...]:
    """Return the records of these names: file names, or stems that only one image has.

    Raises:
        DataError: with every name that is no image, or more than one.
    """
    by_name = {record.file_name: record for record in records}
    stems = Counter(PurePosixPath(name).stem for name in by_name)
    by_stem = {PurePosixPath(r.file_name).stem: r for r in records}
    found = {
        name: by_name.get(name) or (by_stem[name] if stems[name] == 1 else None)
        for name in dict.fromkeys(names)
    }
    problems = [
        f"{name}: {'no such image' if not stems[name] else f'{stems[name]} images'}"
        for name, record in found.items()
        if record is None
    ]
    if problems:
        raise DataError(f"{source} must name images of the data:", problems)
    return tuple(record for record in found.values() if record is not None)
