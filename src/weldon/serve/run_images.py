"""The pictures that the page may show: those of the run's own data, and those of one more folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from weldon.data import LabelSet, Record
from weldon.data.corrections import joined_pictures
from weldon.data.split import numbered, read_numbered_splits
from weldon.errors import UsageError
from weldon.inference.image_list import expand_images
from weldon.runs.run_directory import RunDirectory
from weldon.training.inputs.prepare import prepare


@dataclass(frozen=True, eq=False)
class RunImages:
    """Pictures by number; nothing else of the disk can be asked for.

    Args:
        records: those of the table, then those of the folder, of which nothing is known.
        labelled: how many are of the table.
        classes: of the run.
        joined: the name of the folder that joined, as :attr:`folders` has it; empty where nothing joined.
    """

    records: tuple[Record, ...]
    labelled: int
    classes: tuple[str, ...]
    joined: str = ""

    def record(self, number: int) -> Record:
        """Return one picture.

        Raises:
            UsageError: no picture has that number.
        """
        if not 0 <= number < len(self.records):
            raise UsageError(f"image must be a number from 0 to {len(self.records) - 1}, got {number}")
        return self.records[number]

    def key(self, number: int) -> str:
        """Return the name that corrections use: of the table's, or the whole path of one that joined."""
        record = self.records[number]
        return record.file_name if number < self.labelled else record.path.resolve().as_posix()

    @cached_property
    def by_key(self) -> LabelSet:
        """The pictures under the names that corrections use."""
        named = (replace(record, file_name=self.key(n)) for n, record in enumerate(self.records))
        return LabelSet(tuple(named), self.classes, "page")

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The number of each picture by its file name."""
        return {record.file_name: number for number, record in enumerate(self.records)}

    @cached_property
    def by_tail(self) -> Mapping[str, int | None]:
        """The number of a picture by the last part of its name; None where several share it."""
        found: dict[str, int | None] = {}
        for name, number in self.numbers.items():
            tail = name.rsplit("/", 1)[-1]
            found[tail] = None if tail in found else number
        return found

    @cached_property
    def shared(self) -> frozenset[str]:
        """The names that more than one picture has: nothing can be said of these by name."""
        times = Counter(map(self.key, range(len(self.records))))
        return frozenset(name for name, count in times.items() if count > 1)

    @cached_property
    def folders(self) -> Mapping[str, int]:
        """How many pictures each folder holds, at any depth, by its name; ``""`` is all of them."""
        counts: dict[str, int] = {}
        for record in self.records:
            parts = record.file_name.lstrip("/").split("/")[:-1]
            for depth in range(len(parts) + 1):
                name = "/".join(parts[:depth])
                counts[name] = counts.get(name, 0) + 1
        return counts

    def inside(self, folder: str) -> Sequence[int]:
        """Return the numbers of the pictures below a folder, ``""`` for all."""
        start = f"{folder}/" if folder else ""
        return [n for n, record in enumerate(self.records) if record.file_name.lstrip("/").startswith(start)]


def read_run_images(
    run: RunDirectory, photos: Path | None, classes: Sequence[str], *, spoken: Path | None = None
) -> RunImages:
    """Return the pictures of a run's data with their splits, those of ``photos``, and those spoken of before.

    Args:
        run: it remembers its data.
        photos: one more folder of pictures, or None.
        classes: of the run; of the pictures that join each of them is unknown.
        spoken: the table of what people said of pictures that joined; it need not be there. Its pictures
            join again, wherever they lie; it may only name pictures.

    Raises:
        UsageError: no such folder.
        DataError: the data of the run cannot be read any more.
    """
    own = _own_records(run)
    more, joined = [], ""
    if photos is not None:
        folder = photos.resolve() if ".." in photos.parts else photos.absolute()
        more = _joining(own, folder, [image.path for image in expand_images(folder)], classes)
        joined = _name_of(folder, own) if more else ""
    if paths := joined_pictures(spoken):
        folder = Path(os.path.commonpath([path.parent for path in paths]))
        more += _joining([*own, *more], folder, paths, classes)
    return RunImages((*own, *more), len(own), tuple(classes), joined)


def _joining(
    there: Sequence[Record], folder: Path, paths: Sequence[Path], classes: Sequence[str]
) -> list[Record]:
    """Return the pictures that are not there yet; their names begin with that of ``folder``."""
    known = {record.path.resolve() for record in there}
    name = _name_of(folder, there)
    return [
        Record(
            path,
            f"{name}/{path.relative_to(folder).as_posix()}".lstrip("/"),
            frozenset(),
            frozenset(classes),
        )
        for path in paths
        if path.resolve() not in known
    ]


def _name_of(folder: Path, there: Sequence[Record]) -> str:
    """Return the last part of a folder's path, or as many as it takes to be no folder of these pictures."""
    parts = folder.parts[1:]
    ends = ["/".join(parts[place:]) for place in range(len(parts) - 1, -1, -1)]
    taken = {parent.as_posix() for r in there for parent in PurePosixPath(r.file_name.lstrip("/")).parents}
    return next((end for end in ends if end not in taken), "/".join(parts))


def _own_records(run: RunDirectory) -> tuple[Record, ...]:
    """Return the images as the user's own table labels them today, each with the split it had in the run."""
    recipe = run.recipe.model_copy(update={"corrections": None})
    records, splits = prepare(recipe).records, read_numbered_splits(run.splits)
    keys = numbered(record.file_name for record in records)
    return tuple(replace(r, split=splits.get(key)) for key, r in zip(keys, records, strict=True))
