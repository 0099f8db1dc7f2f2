"""VOC 2007 and VOC 2012 by the divisions that the paper measures on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from weldon.data.entry import find_folder
from weldon.data.record import LabelSet, Record
from weldon.data.voc import VOC_CLASSES, Devkit, read_voc


def find_devkit(root: Path, year: int, image_set: str = "Main") -> Path:
    """Return the devkit of a year: the folder itself, or where the archive unpacks it.

    Raises:
        DataError: it is not there.
    """
    inner = (f"VOC{year}", f"VOCdevkit/VOC{year}")
    return find_folder(root, inner, ("JPEGImages", f"ImageSets/{image_set}"), f"VOC {year}")


def read_voc2007(root: Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return ``trainval`` to train on and ``test`` to measure on; only difficult objects is unknown.

    Args:
        root: of the devkit, or above it.
        classes: of a trained model; the 20 of VOC by default.
    """
    lists = {"train": ("trainval",), "test": ("test",)}
    return read_voc(find_devkit(root, 2007), classes=classes or VOC_CLASSES, lists=lists)


def read_voc2012(root: Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return ``trainval`` to train on; ``test``, where it was unpacked, has no public labels: all is unknown.

    Args:
        root: of the devkit, or above it.
        classes: of a trained model; the 20 of VOC by default.
    """
    folder = find_devkit(root, 2012)
    found = read_voc(folder, classes=classes or VOC_CLASSES, lists={"train": ("trainval",)})
    hidden = Devkit(folder).splits("main", {"test": ("test",)})
    if not hidden:
        return found
    unknown = frozenset(found.classes)
    test = [
        Record(path, path.name, frozenset(), unknown, "test")
        for stem in hidden["test"][1]
        if (path := folder / "JPEGImages" / f"{stem}.jpg").is_file()
    ]
    return found.with_records((*found.records, *test))


def read_voc2012_val(root: Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return ``train`` to train on and ``val`` to measure on, as for localisation (Table 10).

    Args:
        root: of the devkit, or above it.
        classes: of a trained model; the 20 of VOC by default.
    """
    lists = {"train": ("train",), "test": ("val",)}
    return read_voc(find_devkit(root, 2012), classes=classes or VOC_CLASSES, lists=lists)


def read_voc2012_segmentation(root: Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return ``train_aug`` with labels from its masks, and ``val`` with masks to measure on (Table 11).

    Args:
        root: of the devkit, or above it.
        classes: of a trained model; the 20 of VOC by default.
    """
    lists = {"train": ("train_aug",), "test": ("val",)}
    folder = find_devkit(root, 2012, "Segmentation/train_aug.txt")
    return read_voc(folder, image_set="segmentation", classes=classes, lists=lists)
