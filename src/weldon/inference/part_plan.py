"""Divide a list of images into parts that several processes predict, each part once: the plan of a folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weldon.errors import DataError, UsageError
from weldon.files import read_json_object, write_json
from weldon.folder_lock import LOCK, NumberedLocks, numbered_locks
from weldon.inference.image_list import NamedImage, expand_images
from weldon.inference.part_table import list_rows, write_list
from weldon.runs.run_directory import RunDirectory

PLAN, LIST, PARTS = "plan.json", "images.parquet", "parts"
MERGED = "predictions.parquet"
PART_IMAGES = 1000
_WORDS = {"run": "the run", "images": "the images", "part_images": "--part-images"}


@dataclass(frozen=True)
class Shard:
    """The share of one process: every ``count``-th part, beginning with the ``number``-th.

    Example:
        >>> list(read_shard("2/3").numbers(8))
        [1, 4, 7]
    """

    number: int
    count: int

    def numbers(self, parts: int) -> range:
        """Return which of so many parts, counted from 0, are of this share."""
        return range(self.number - 1, parts, self.count)


def read_shard(text: str) -> Shard:
    """Return the share that ``--shard i/n`` names.

    Raises:
        ValueError: it is not from 1/n to n/n.
    """
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise ValueError(f"must be i/n with i from 1 to n, as 1/8 to 8/8 for eight processes, got {text!r}")
    return Shard(int(number), int(count))


@dataclass(frozen=True)
class PartPlan:
    """What all processes that write into one folder have agreed on.

    Args:
        folder: of the parts.
        images: how many the list holds.
        part_images: images a part; the last part may have fewer.
        key: changes with the run, the images, and what is asked of them.
    """

    folder: Path
    images: int
    part_images: int
    key: str

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return -(-self.images // self.part_images)

    @property
    def merged(self) -> Path:
        """The file of all parts."""
        return self.folder / MERGED

    def rows(self, number: int) -> int:
        """Return how many images a part has."""
        return min(self.part_images, self.images - number * self.part_images)

    def part(self, number: int) -> Path:
        """Return the file of a part."""
        return self.folder / PARTS / f"part-{number:06d}.parquet"

    def named(self, number: int) -> list[NamedImage]:
        """Return the images of a part, in the order of the list.

        Raises:
            DataError: the list is damaged.
        """
        rows = list_rows(self.folder / LIST, number, self.rows(number))
        return [NamedImage(Path(path), name) for path, name in rows]


@contextmanager
def planned(
    folder: Path, run: RunDirectory, sources: Sequence[str], asked: Mapping[str, Any], part_images: int | None
) -> Iterator[tuple[PartPlan, NumberedLocks]]:
    """Yield the plan of a folder, and the locks of its parts: part ``n`` has the lock ``n + 1``.

    The first process lists the images, the others wait for the list. It stays as it is: images that come
    later are no part of it.

    Args:
        folder: where parts are written; made where it is missing.
        run: that predicts.
        sources: as :func:`weldon.inference.expand_images` takes them.
        asked: what is written of each image.
        part_images: images a part; None takes those of the plan that is there, else 1,000.

    Raises:
        UsageError: the folder holds something else, or parts of another run, of other images or options.
        DataError: the plan is damaged, or there are no images.
    """
    wanted = {"run": _run_key(run), "images": _sources_key(sources), **asked}
    _refuse_other_work(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with numbered_locks(folder) as locks:
        if not (folder / PLAN).is_file():
            with locks.held(0, wait=True):
                if not (folder / PLAN).is_file():
                    _write_plan(folder, sources, wanted, part_images or PART_IMAGES)
        yield read_plan(folder, wanted, part_images), locks


def _write_plan(folder: Path, sources: Sequence[str], wanted: Mapping[str, Any], part_images: int) -> None:
    """List the images, then write the plan: without a plan a list is begun anew."""
    clear_own(folder)
    found = expand_images(sources)
    write_list(folder / LIST, ((os.path.abspath(one.path), one.file_name) for one in found), part_images)
    (folder / PARTS).mkdir(exist_ok=True)
    write_json(folder / PLAN, {**wanted, "part_images": part_images, "number_of_images": len(found)})


def read_plan(folder: Path, wanted: Mapping[str, Any], part_images: int | None) -> PartPlan:
    """Return the plan of a folder.

    Args:
        folder: of the parts.
        wanted: what this process is asked for.
        part_images: None for whatever the plan says.

    Raises:
        UsageError: it is the plan of something else.
        DataError: it is damaged.
    """
    there = read_json_object(folder / PLAN)
    images, size = there.pop("number_of_images", None), there.get("part_images")
    if type(images) is not int or type(size) is not int or images < 1 or size < 1:
        raise DataError(f"{folder / PLAN} is damaged: remove {folder}, or put the file back")
    now = {**wanted, "part_images": part_images or size}
    if other := [name for name in {**there, **now} if there.get(name) != now.get(name)]:
        differ = ", ".join(_WORDS.get(name, f"--{name.replace('_', '-')}") for name in other)
        raise UsageError(
            f"out {str(folder)!r} holds parts that were asked for differently ({differ}): give the same "
            "command as before, or choose another --out"
        )
    return PartPlan(folder, images, size, _digest(there))


def clear_own(folder: Path) -> None:
    """Remove the drafts of processes that were killed, on whatever machine; the caller holds lock 0."""
    for left in folder.glob(".*.part"):
        left.unlink(missing_ok=True)


def _refuse_other_work(folder: Path) -> None:
    """Refuse a file, and a folder that holds something and no plan."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"out must be a folder, got the file {str(folder)!r}")
    if not folder.is_dir() or (folder / PLAN).is_file():
        return
    begun = {LOCK, LIST, PARTS}
    theirs = [path.name for path in folder.iterdir() if path.name not in begun and path.suffix != ".part"]
    if theirs or any((folder / PARTS).glob("*")):
        raise UsageError(
            f"out must be an empty or new folder, or one that --to parquet began, got {str(folder)!r}: "
            "choose another"
        )


def _run_key(run: RunDirectory) -> str:
    """Return what changes when the weights, the classes or the meaning of the scores change."""
    said = (run.classes, run.config, run.thresholds, run.calibration, run.localisation)
    digest = hashlib.sha256()
    for path in (run.for_new_images(), *said):
        if path.is_file():
            with path.open("rb") as file:
                digest.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def _sources_key(sources: Iterable[str]) -> str:
    return _digest([os.path.abspath(source) for source in sources])


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
