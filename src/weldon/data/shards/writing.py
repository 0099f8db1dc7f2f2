"""WebDataset shards: tars of images with their labels, for disks that dislike a million small files."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weldon.data.record import LabelSet, Record
from weldon.data.stores import address_of, shown, sizes_in, text_of
from weldon.errors import DataError, UsageError
from weldon.files import parse_json, write_json, write_text

INDEX = "shards.json"
LIST = "images.jsonl"  # a line an image, in the order of the label set, with its place in a shard
SHARD_BYTES = 500_000_000
_SHARD_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class ShardIndex:
    """What ``shards.json`` says.

    Args:
        folder: where the shards lie, a path or an address.
        classes: in the order of the scores.
        splits: of each split the number of images and the names of its shards.
    """

    folder: str
    classes: tuple[str, ...]
    splits: dict[str, tuple[int, tuple[str, ...]]]

    def shards(self, split: str) -> tuple[str, ...]:
        """Return path or address of each shard of a split.

        Raises:
            UsageError: no such split.
        """
        if split not in self.splits:
            raise UsageError(f"`split` must be one of {', '.join(self.splits)}, got {split!r}")
        return tuple(f"{self.folder}/{name}" for name in self.splits[split][1])


def write_shards(
    label_set: LabelSet,
    folder: str | Path,
    *,
    shard_bytes: int = SHARD_BYTES,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> ShardIndex:
    """Write every image, as it is, and its labels into shards; images of a split are shuffled first.

    A sample is ``000000042.jpg`` and ``000000042.json`` (``file_name``, ``labels``, ``unknown``, ``weight``),
    as the ``webdataset`` package reads them; a number is an image's place in its split. ``images.jsonl``
    lists all images with their place in the shards, for ``weldon train``.

    Args:
        label_set: the images; those without a split are written as ``train``.
        folder: made where needed; it must hold no shards yet.
        shard_bytes: a shard is closed when it has grown to this size.
        seed: of the shuffling.
        progress: called with the number of images written so far.

    Raises:
        DataError: the folder holds shards, or an image cannot be read.
    """
    import numpy as np  # the start of the command line reads this file, and shuffles nothing

    home = Path(folder)
    if (address := address_of(home)) is not None:
        raise UsageError(
            f"`folder` must be on a disk, got {address}: copy the shards there when they are written"
        )
    if (home / INDEX).exists():
        raise DataError(f"{home} holds shards already: remove them or choose another folder")
    home.mkdir(parents=True, exist_ok=True)
    splits: dict[str, tuple[int, tuple[str, ...]]] = {}
    places: dict[int, dict[str, Any]] = {}
    written = 0
    for split in dict.fromkeys(record.split or "train" for record in label_set.records):
        own = [n for n, record in enumerate(label_set.records) if (record.split or "train") == split]
        order = np.random.default_rng(seed).permutation(len(own))
        writer = _ShardWriter(home, split, shard_bytes)
        with writer:
            for number, place in enumerate(order.tolist()):
                record = label_set.records[own[place]]
                places[own[place]] = {**_list_entry(record), **writer.add(number, record)}
                written += 1
                if progress is not None:
                    progress(written)
        splits[split] = (len(own), tuple(writer.names))
    lines = (json.dumps(places[number], ensure_ascii=False) + "\n" for number in range(len(places)))
    write_text(home / LIST, "".join(lines))
    described = {name: {"images": count, "shards": list(names)} for name, (count, names) in splits.items()}
    sizes = {name: (home / name).stat().st_size for _, names in splits.values() for name in names}
    write_json(home / INDEX, {"classes": list(label_set.classes), "splits": described, "bytes": sizes})
    return ShardIndex(str(home), label_set.classes, splits)


def read_index(path: str | Path, *, folder: str | None = None) -> ShardIndex:
    """Return the index of a folder of shards.

    Args:
        path: the folder or its ``s3://`` address, or ``shards.json`` itself.
        folder: where the shards are when they are elsewhere, for instance an address.

    Raises:
        DataError: no index, one that does not name the shards beside it, or one that names shards as no file
            of ours is named: their names become parts of addresses, which ``webdataset`` hands to a shell.
    """
    file = Path(path)
    file = file / INDEX if file.is_dir() or (address_of(file) and file.suffix != ".json") else file
    content = parse_json(text_of(file), shown(file))
    try:
        splits = {name: _split(part) for name, part in content["splits"].items()}
        classes = tuple(_name(value) for value in content["classes"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise DataError(f"{shown(file)} is no index of shards, or it is damaged: {error!r}") from error
    if isinstance(content["classes"], str) or len(set(classes)) < len(classes):
        raise DataError(f"{shown(file)} must list each class once, got {content['classes']!r}")
    named = [name for _, names in splits.values() for name in names]
    if len(set(named)) < len(named):
        raise DataError(
            f"{shown(file)} names a shard twice, so that its images would count twice: {', '.join(named)}"
        )
    if folder is None:
        _refuse_other_shards(file, set(named))
    return ShardIndex(folder or shown(file.parent), classes, splits)


def _split(part: Any) -> tuple[int, tuple[str, ...]]:
    count, names = part["images"], part["shards"]
    if type(count) is not int or count < 0 or not isinstance(names, list):
        raise ValueError(f"a split must hold a count of images and a list of shards, got {part!r}"[:300])
    if strange := [name for name in names if not _SHARD_NAME.fullmatch(_name(name))]:
        raise ValueError(f"{strange[0]!r} is no name of a shard, as train-000000.tar is"[:300])
    return count, tuple(names)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"a name must be a text, got {value!r}"[:300])
    return value


def _refuse_other_shards(file: Path, named: set[str]) -> None:
    """Refuse an index that leaves out a shard beside it, or names one that is not there."""
    there = {name for name in sizes_in(file.parent) if "/" not in name and name.endswith(".tar")}
    if there != named:
        odd = [f"{name}: not in the index" for name in sorted(there - named)]
        odd += [f"{name}: not in the folder" for name in sorted(named - there)]
        raise DataError(f"{shown(file)} does not name the shards beside it; write them anew:", odd)


def sample_json(record: Record) -> dict[str, Any]:
    """Return what a shard says about an image."""
    labels, unknown = sorted(record.labels), sorted(record.unknown)
    return {"file_name": record.file_name, "labels": labels, "unknown": unknown, "weight": record.weight}


def _list_entry(record: Record) -> dict[str, Any]:
    """Return what the list says about an image beside its place."""
    return {**sample_json(record), "split": record.split, "group": record.group}


class _ShardWriter:
    """Fills one tar after the other; equal records give equal bytes, whenever they are written."""

    def __init__(self, home: Path, split: str, shard_bytes: int) -> None:
        self.home, self.split, self.shard_bytes = home, split, shard_bytes
        self.names: list[str] = []
        self.tar: tarfile.TarFile | None = None

    def __enter__(self) -> _ShardWriter:
        return self

    def __exit__(self, *reason: object) -> None:
        if self.tar is not None:
            self.tar.close()

    def add(self, number: int, record: Record) -> dict[str, Any]:
        """Write an image and its labels, and return where its bytes lie."""
        try:
            image = record.path.read_bytes()
        except OSError as error:
            raise DataError(f"cannot read the image {record.path}: {error.strerror}") from error
        tar = self._tar()
        words = json.dumps(sample_json(record), ensure_ascii=False).encode()
        ending = record.path.suffix.lower()
        place = {"shard": self.names[-1], "offset": tar.offset + tarfile.BLOCKSIZE, "bytes": len(image)}
        for suffix, content in ((ending, image), (".json", words)):
            member = tarfile.TarInfo(f"{number:09d}{suffix}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        return {**place, "ending": ending}

    def _tar(self) -> tarfile.TarFile:
        """Return the open shard, beginning a new one when the last is full."""
        if self.tar is None or self.tar.offset >= self.shard_bytes:
            if self.tar is not None:
                self.tar.close()
            self.names.append(f"{self.split}-{len(self.names):06d}.tar")
            self.tar = tarfile.open(self.home / self.names[-1], "w")  # noqa: SIM115 closed when it is full
        return self.tar


def share_of(shards: Sequence[str], part: int, parts: int) -> list[str]:
    """Return every ``parts``-th shard, beginning with the ``part``-th.

    Raises:
        UsageError: fewer shards than parts, so that one would be idle.

    Example:
        >>> share_of(["a", "b", "c", "d", "e"], 1, 2)
        ['b', 'd']
    """
    if parts > len(shards):
        raise UsageError(
            f"`shards` must be at least {parts} for {parts} processes and workers, got {len(shards)}: "
            "write smaller ones or use fewer workers"
        )
    return list(shards[part::parts])


def shuffled(shards: Sequence[str], seed: int, epoch: int) -> list[str]:
    """Return the shards in the order of an epoch, the same in every process."""
    import numpy as np

    order = np.random.default_rng([seed, epoch]).permutation(len(shards))
    return [shards[place] for place in order.tolist()]


def forever(shards: Sequence[str], stream: Callable[[Sequence[str]], Iterator[Any]]) -> Iterator[Any]:
    """Go through the shards again and again.

    Raises:
        DataError: they hold nothing.
    """
    while True:
        empty = True
        for sample in stream(shards):
            empty = False
            yield sample
        if empty:
            raise DataError(f"{shards[0]} and the others of its share hold no image")
