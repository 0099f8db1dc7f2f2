"""Images from WebDataset shards, for training on several machines; needs the extra ``shards``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from weldon.data.dataset import Item, collate, encode_targets, seeded
from weldon.data.decode import opened
from weldon.data.image import SUFFIXES, upright_rgb
from weldon.data.record import Record
from weldon.data.shards.writing import INDEX, ShardIndex, forever, share_of, shuffled
from weldon.data.transforms import EvalTransform
from weldon.errors import DataError, MissingPackageError
from weldon.files import parse_json
from weldon.stopping import leave_to_parent

BUFFER = 1000  # images among which the next is drawn


class ShardImages(IterableDataset[Item]):
    """The images of one split, read in sequence; items are those of :class:`weldon.data.ImageDataset`.

    To train (``shuffle``), shards are dealt anew each epoch and images are drawn from a buffer. Every process
    and worker gives the same number of images, so that none waits for another: one that runs out begins its
    shards again, one that has too many leaves the last for another epoch. To measure, every image comes once,
    in one process.

    Args:
        index: of the shards.
        split: which.
        transform: ``EvalTransform`` or ``TrainTransform``.
        shuffle: train, not measure.
        seed: of order and chance variation.

    Raises:
        UsageError: no such split, or the ``webdataset`` package is not installed.
    """

    def __init__(
        self, index: ShardIndex, split: str, transform: EvalTransform, *, shuffle: bool, seed: int = 0
    ) -> None:
        _webdataset()
        self.index, self.transform, self.shuffle, self.seed = index, transform, shuffle, seed
        self.shards = index.shards(split)
        self.images = index.splits[split][0]
        self.place: tuple[int, int] | None = None  # rank and number of processes, once a loader is built
        self._epoch = torch.zeros((), dtype=torch.int64)
        self._epoch.share_memory_()  # type: ignore[no-untyped-call]

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order and chance variation are drawn."""
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        """Images an epoch that this process gives."""
        return self.images // (self.place or _processes())[1] if self.shuffle else self.images

    def __iter__(self) -> Iterator[Item]:
        rank, world = self.place or _processes()
        worker = get_worker_info()
        number, workers = (0, 1) if worker is None else (worker.id, worker.num_workers)
        epoch = int(self._epoch)
        if not self.shuffle:
            count = 0
            for sample in self._samples(share_of(self.shards, number, workers)):
                count += 1
                yield self._item(sample, epoch)
            if workers == 1 and count != self.images:
                raise DataError(
                    f"the index says {self.images} images, but there are {count} images in "
                    f"{', '.join(self.shards)}: write them anew"
                )
            return
        order = shuffled(self.shards, self.seed, epoch)
        mine = share_of(order, rank * workers + number, world * workers)
        count = len(self) // workers + (number < len(self) % workers)
        draw = Random(f"{self.seed} {epoch} {rank} {number}")
        samples = islice(forever(mine, self._samples), count)
        for sample in _webdataset().shuffle(BUFFER, initial=BUFFER, rng=draw)(samples):
            yield self._item(sample, epoch)

    def _samples(self, shards: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        pipeline = _webdataset()
        for shard in shards:
            try:
                yield from pipeline.DataPipeline(
                    pipeline.SimpleShardList([shard]), pipeline.tarfile_to_samples()
                )
            except Exception as error:  # tarfile, the network, webdataset's own
                raise DataError(f"the shard {shard} is damaged, write it anew: {error}"[:500]) from error

    def _item(self, sample: Mapping[str, Any], epoch: int) -> Item:
        record, number = _record(sample)
        if strange := sorted((record.labels | record.unknown) - set(self.index.classes)):
            raise DataError(
                f"{sample.get('__url__')}: {record.file_name} has the labels {', '.join(strange)}, which the "
                f"index {self.index.folder}/{INDEX} does not list: write the shards anew"
            )
        named = [key for key in sample if key != "json" and not key.startswith("__")]
        suffix = next((key for key in named if f".{key}" in SUFFIXES), (named or ["image"])[0])
        try:
            with opened(sample[suffix], f".{suffix}") as image:
                picture = upright_rgb(image, self.transform.window)
        except Exception as error:  # decoders fail in every way
            reason = f"cannot read the image {record.file_name}: {error or type(error).__name__}"
            return {"unreadable": reason, "shape": (self.transform.image_size, len(self.index.classes))}
        pixels, mask, _ = self.transform(picture, seeded(self.seed, epoch, number))
        target, known = encode_targets([record], self.index.classes)
        return {
            "image": pixels,
            "mask": mask,
            "target": target[0],
            "known": known[0],
            "weight": record.weight,
            "index": number,
            "size": torch.tensor(picture.size),
        }


def shard_loader(images: ShardImages, *, batch_size: int, workers: int = 2) -> DataLoader[Item]:
    """Return the batches of a split, as those of :class:`weldon.data.ImageDataset` come.

    Args:
        images: the split.
        batch_size: images a step; to train, the last batch is dropped when it is smaller.
        workers: processes that read, at most one a shard.
    """
    images.place = _processes()  # workers may not know
    return DataLoader(
        images,
        batch_size,
        collate_fn=collate,
        num_workers=workers,
        drop_last=images.shuffle,
        worker_init_fn=leave_to_parent,
    )


def _record(sample: Mapping[str, Any]) -> tuple[Record, int]:
    """Return what a shard says about an image, and the image's number."""
    where = f"{sample.get('__url__')}, {sample.get('__key__')}.json"
    try:
        told = parse_json(sample["json"].decode(), where)
        name, weight = str(told["file_name"]), float(told["weight"])
        labels, unknown = frozenset(told["labels"]), frozenset(told["unknown"])
        return Record(Path(name), name, labels, unknown, weight=weight), int(sample["__key__"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{where} is damaged or missing, write the shard anew: {error!r}") from error


def _processes() -> tuple[int, int]:
    """Return this process's rank and how many there are."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def _webdataset() -> Any:
    try:
        return import_module("webdataset")
    except ImportError:
        raise MissingPackageError("for shards", "webdataset", "shards") from None
