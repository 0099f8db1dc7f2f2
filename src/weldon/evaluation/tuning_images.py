"""Choose the images that a run is tuned on; read and write the settings that they chose, with their names."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from weldon.data import Record
from weldon.data.record import split_name
from weldon.errors import DataError, UsageError
from weldon.files import read_text
from weldon.runs import tuned_files
from weldon.runs.checked_json import Stored, read_stored

if TYPE_CHECKING:
    from weldon.evaluation.selection import MeasuredImages

log = logging.getLogger("weldon")


def choose_tuning_images(
    records: Sequence[Record], tune_on: str, measured: Sequence[Record]
) -> tuple[Record, ...]:
    """Return the images that may choose settings, none of which is measured.

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


def write_tuned(path: Path, values: Mapping[str, Any], images: MeasuredImages) -> None:
    """Write settings and the images that chose them."""
    names = [record.file_name for record in images.tuning]
    tuned_files.write_tuned(path, values, source=images.tune_on, data=images.data, images=names)


def read_tuned(kind: type[Stored], path: Path, images: MeasuredImages) -> dict[str, Any] | None:
    """Return stored settings, None where there are none or where measured images chose them.

    Raises:
        DataError: the file is not of its ``kind``.
    """
    if not path.is_file():
        return None
    stored = read_stored(kind, path)
    tuned_on = stored.get("tuned_on") or {}
    names = set(tuned_on.get("images", ()))
    same = tuned_on.get("data") == str(images.data.resolve())
    seen = sum(same and record.file_name in names for record in images.measured)
    if seen:
        log.warning("%s was chosen on %d of the measured images and is not used for them", path.name, seen)
    return None if seen else stored
