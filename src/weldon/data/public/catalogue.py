"""The public data sets of the paper by name; each stands beside its reader.

Counts are those of the paper's Table 2 unless ``source`` says otherwise. Sizes and checksums are those that
libraries fetching the same files expect: torchvision's prototype data sets and TensorFlow Datasets agree on
SHA-256; of MIT67's archive only vipy states one, a SHA-1. None was downloaded to write them down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from weldon.data.public.cub import CUB200
from weldon.data.public.entry import Entry
from weldon.data.public.ilsvrc import ILSVRC2012
from weldon.data.public.mit67 import MIT67
from weldon.data.public.mscoco import COCO2014, COCO2017
from weldon.data.public.voc_action import VOC2012_ACTION
from weldon.data.public.voc_years import VOC2007, VOC2012, VOC2012_SEGMENTATION, VOC2012_VAL
from weldon.data.record import LabelSet
from weldon.errors import UsageError

DATA_ROOT = Path("data")  # where data sets lie unless --data-root or WELDON_DATA says otherwise

CATALOGUE: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        VOC2007,
        VOC2012,
        VOC2012_VAL,
        VOC2012_ACTION,
        VOC2012_SEGMENTATION,
        COCO2014,
        COCO2017,
        MIT67,
        CUB200,
        ILSVRC2012,
    )
}


def find_entry(name: str) -> Entry:
    """Return the entry of that name.

    Raises:
        UsageError: there is none; the message lists them.
    """
    if name not in CATALOGUE:
        raise UsageError(f"`dataset` must be one of {', '.join(CATALOGUE)}, got {name!r}")
    return CATALOGUE[name]


def place_of(name: str, data_root: str | Path) -> Path:
    """Return the folder of a data set below the data root; the root itself where that is no folder.

    Raises:
        UsageError: no such data set.
    """
    own = Path(data_root) / find_entry(name).home
    return own if own.is_dir() else Path(data_root)


def read_dataset(name: str, folder: str | Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return a public data set under the paper's protocol: splits ``train`` and ``test``, no ``val``.

    A note says whether the numbers of images are the published ones.

    Args:
        name: one of ``CATALOGUE``.
        folder: where it lies, in its published layout.
        classes: of a trained model, to keep its order.

    Raises:
        UsageError: no such data set.
        DataError: files that are missing or cannot be used.
    """
    entry = find_entry(name)
    found = entry.read(Path(folder), classes=classes)
    return replace(found, notes=(*found.notes, count_note(entry, found)))


def count_note(entry: Entry, found: LabelSet) -> str:
    """Return a sentence that compares the numbers of images with the published ones.

    Example:
        >>> count_note(CATALOGUE["voc2007"], LabelSet((), (), "voc"))
        'voc2007: 0 of 5,011 training and 0 of 4,952 test images are here: this is not the whole data set'
    """
    train, test = len(found.of_split("train")), len(found.of_split("test"))
    if (train, test) == (entry.train, entry.test):
        return f"{entry.name}: {train:,} training and {test:,} test images, as published ({entry.source})"
    return (
        f"{entry.name}: {train:,} of {entry.train:,} training and {test:,} of {entry.test:,} test images are "
        "here: this is not the whole data set"
    )
