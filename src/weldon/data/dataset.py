"""Records to batches: targets with unknown cells, chance that survives a resume, files that break."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor
from torch.utils.data import Dataset

from weldon.data.image import load_reduced
from weldon.data.record import Record
from weldon.data.transforms import EvalTransform
from weldon.errors import DataError

Item = dict[str, Any]


class ImageDataset(Dataset[Item]):
    """The images of some records, in their order, as tensors with targets.

    Every chance variation of an image is drawn from a generator seeded by (seed, epoch, index): the same run
    gives the same pixels whatever the number of workers, the order of the sampler or an interruption.

    Args:
        records: the images.
        classes: class names in the order of the scores.
        transform: ``EvalTransform`` or ``TrainTransform``.
        seed: of the chance variation.
        as_bytes: leave the pixels uint8; a network of images normalises them on its device.

    Raises:
        DataError: a record has a label that is none of the classes.
    """

    def __init__(
        self,
        records: Sequence[Record],
        classes: Sequence[str],
        transform: EvalTransform,
        *,
        seed: int = 0,
        as_bytes: bool = False,
    ) -> None:
        self.records = tuple(records)
        self.classes = tuple(classes)
        self.transform = transform
        self.seed = seed
        self.as_bytes = as_bytes
        self.targets, self.known = encode_targets(self.records, self.classes)
        # In shared memory, so that workers that outlive an epoch see it change.
        self._epoch = torch.zeros((), dtype=torch.int64)
        self._epoch.share_memory_()  # type: ignore[no-untyped-call]

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose chance variation is drawn; call it before iterating over the loader."""
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> Item:
        """Return image, mask, target, known, weight, index and size; a file that fails gives a marker.

        ``collate`` drops markers and names their files.
        """
        record = self.records[index]
        try:
            picture, size = load_reduced(record.path, self.transform.needed, self.transform.window)
        except DataError as error:
            return {"unreadable": str(error), "shape": (self.transform.image_size, len(self.classes))}
        lay = self.transform.laid if self.as_bytes else self.transform
        image, mask, _ = lay(picture, seeded(self.seed, int(self._epoch), index), size)
        return {
            "image": image,
            "mask": mask,
            "target": self.targets[index],
            "known": self.known[index],
            "weight": record.weight,
            "index": index,
            "size": torch.tensor(size),
        }


def encode_targets(records: Sequence[Record], classes: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return which classes are present and which are known.

    Args:
        records: N images.
        classes: C names, in the order of the columns.

    Returns:
        ``target`` ``(N, C)`` float32 in {0, 1} and ``known`` ``(N, C)`` bool; an unknown cell is 0 and False.

    Raises:
        DataError: a record has a label that is none of the classes.

    Example:
        >>> from pathlib import Path
        >>> image = Record(Path("a.jpg"), "a.jpg", frozenset({"dog"}), unknown=frozenset({"cat"}))
        >>> encode_targets([image], ["cat", "dog"])
        (tensor([[0., 1.]]), tensor([[False,  True]]))
    """
    column = {name: position for position, name in enumerate(classes)}
    _refuse_strangers(records, column)
    target = torch.zeros(len(records), len(classes))
    known = torch.ones(len(records), len(classes), dtype=torch.bool)
    for row, record in enumerate(records):
        for name in record.labels:
            target[row, column[name]] = 1.0
        for name in record.unknown & column.keys():
            known[row, column[name]] = False
    return target, known


def collate(items: Sequence[Item]) -> dict[str, Any]:
    """Return the readable items of a batch as stacked tensors; name the others in a warning.

    Returns:
        ``image`` ``(N, 3, S, S)`` as the items have it, ``mask`` ``(N, S, S)``, ``target`` and ``known``
        ``(N, C)``, ``weight`` ``(N,)``, ``index`` ``(N,)``, ``size`` ``(N, 2)`` width and height of the
        originals, and ``unreadable``, a list with a sentence for each file left out. N is 0 when no file can
        be read.
    """
    good = [item for item in items if "unreadable" not in item]
    unreadable = [str(item["unreadable"]) for item in items if "unreadable" in item]
    for sentence in unreadable:
        warnings.warn(f"skipped: {sentence}", RuntimeWarning, stacklevel=2)
    if not good:
        return {**_empty(*items[0]["shape"]), "unreadable": unreadable}
    return {
        "image": stack_images([item["image"] for item in good]),
        "mask": torch.stack([item["mask"] for item in good]),
        "target": torch.stack([item["target"] for item in good]),
        "known": torch.stack([item["known"] for item in good]),
        "weight": torch.tensor([item["weight"] for item in good], dtype=torch.float32),
        "index": torch.tensor([item["index"] for item in good]),
        "size": torch.stack([item["size"] for item in good]),
        "unreadable": unreadable,
    }


def stack_images(images: Sequence[Tensor]) -> Tensor:
    """Return images ``(3, S, S)`` as one batch ``(N, 3, S, S)``, which lies in memory as they do."""
    if images[0].ndim == 3 and images[0].stride(0) == 1:  # the colours of a pixel side by side
        return torch.stack([image.permute(1, 2, 0) for image in images]).permute(0, 3, 1, 2)
    return torch.stack(list(images))


def _empty(side: int, classes: int) -> dict[str, Tensor]:
    return {
        "image": torch.zeros(0, 3, side, side),
        "mask": torch.zeros(0, side, side, dtype=torch.bool),
        "target": torch.zeros(0, classes),
        "known": torch.zeros(0, classes, dtype=torch.bool),
        "weight": torch.zeros(0),
        "index": torch.zeros(0, dtype=torch.long),
        "size": torch.zeros(0, 2, dtype=torch.long),
    }


def seeded(seed: int, epoch: int, index: int) -> Generator:
    """Return the source of an image's chance variation in an epoch."""
    mixed = np.random.SeedSequence([seed, epoch, index]).generate_state(1, np.uint64)[0]
    return Generator().manual_seed(int(mixed >> 1))


def _refuse_strangers(records: Sequence[Record], column: dict[str, int]) -> None:
    problems = [
        f"{record.file_name}: {name!r}"
        for record in records
        for name in sorted(record.labels - column.keys())
    ]
    if problems:
        known = ", ".join(column)
        raise DataError(
            f"labels that are none of the classes ({known}): correct them or add the class", problems
        )
