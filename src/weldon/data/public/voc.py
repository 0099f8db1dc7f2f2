"""The PASCAL VOC devkit: image labels for training; boxes and masks for measuring only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np

from weldon.counted import counted
from weldon.data.decode import opened
from weldon.data.formats.annotation import ImageAnnotation
from weldon.data.formats.voc_xml import read_voc_xml
from weldon.data.image import refused
from weldon.data.labels.label_file import FolderForm
from weldon.data.labels.locate import ImageFinder
from weldon.data.labels.rows import Row, label_set_of
from weldon.data.record import LabelSet
from weldon.errors import DataError, UsageError
from weldon.files import read_text
from weldon.void import VOID

IMAGE_SETS = ("main", "segmentation")

# Index i of a mask is class i - 1 here; 0 is background.
VOC_CLASSES = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *(
        "diningtable",
        "dog",
        "horse",
        "motorbike",
        "person",
        "pottedplant",
        "sheep",
        "sofa",
        "train",
        "tvmonitor",
    ),
)

# Which file of ImageSets gives which of our splits, the first that exists.
_SPLIT_FILES = {
    "main": {"train": ("train", "trainval"), "val": ("val",), "test": ("test",)},
    "segmentation": {"train": ("train_aug", "train", "trainval"), "val": ("val",), "test": ("test",)},
}


def is_devkit(root: Path) -> bool:
    """Return whether a folder is laid out as ``VOCdevkit/VOC2007`` is."""
    return (root / "JPEGImages").is_dir() and (root / "ImageSets").is_dir()


def devkit_inside(root: Path) -> Path | None:
    """Return the devkit: the folder itself, or its only ``VOC...`` folder (also inside ``VOCdevkit``)."""
    for folder in (root, root / "VOCdevkit"):
        if is_devkit(folder):
            return folder
        years = [path for path in sorted(folder.glob("VOC*")) if is_devkit(path)]
        if len(years) > 1:
            raise UsageError(f"`data` must name one devkit, got {', '.join(str(year) for year in years)}")
        if years:
            return years[0]
    return None


def read_voc(
    root: Path,
    *,
    image_set: str = "main",
    classes: Sequence[str] | None = None,
    lists: Mapping[str, Sequence[str]] | None = None,
) -> LabelSet:
    """Return the images of a devkit by its own division.

    ``main``: labels from ``ImageSets/Main/CLASS_SPLIT.txt`` (1 present, -1 absent, 0 only difficult objects,
    which is unknown), and where a split has no such files, from ``Annotations`` by the same rule.
    ``segmentation``: train is ``train_aug`` where it exists, labels are the classes that a mask holds.

    Args:
        root: the folder that holds ``JPEGImages`` and ``ImageSets``.
        image_set: ``main`` or ``segmentation``.
        classes: of a trained model, to keep its order.
        lists: from split to the names of its list, the first that exists; None takes train, val and test.

    Raises:
        DataError: missing images, lines or annotations, all at once.
        UsageError: ``image_set`` is none of its choices.
    """
    if image_set not in IMAGE_SETS:
        raise UsageError(f"`image_set` must be one of {', '.join(IMAGE_SETS)}, got {image_set!r}")
    devkit = Devkit(root)
    divided = devkit.splits(image_set, lists)
    if not divided:
        raise DataError(f"no train.txt, val.txt or test.txt in {root / 'ImageSets' / image_set.capitalize()}")
    problems: list[str] = []
    notes: list[str] = []
    rows: list[Row] = []
    for split, (name, stems) in divided.items():
        if not stems:
            (problems if split == "train" else notes).append(f"{name}.txt names no image")
        told = devkit.labels(image_set, name, stems, problems)
        if told is None:
            notes.append(f"{name} is left out: {counted(len(stems), 'image')} without labels or annotations")
            continue
        rows.extend(devkit.row(stem, split, f"{name}.txt", *told[stem]) for stem in stems if stem in told)
    declared = VOC_CLASSES if image_set == "segmentation" else devkit.class_names(rows)
    if tuple(declared) != VOC_CLASSES:
        rows = [row.saying(mask=None) for row in rows]  # the index of a class is only known for VOC's own
    finder = ImageFinder((root / "JPEGImages",))
    return label_set_of(
        rows,
        finder,
        form="voc",
        declared=declared,
        given=classes,
        empty_classes="keep",
        notes=notes,
        problems=problems,
    )


class Devkit:
    """The files of one year's devkit.

    Args:
        root: the folder that holds ``JPEGImages`` and ``ImageSets``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def names(self) -> Mapping[str, str]:
        """From the stem of an image to its name with the ending."""
        return {path.stem: path.name for path in sorted((self.root / "JPEGImages").iterdir())}

    def splits(
        self, image_set: str, lists: Mapping[str, Sequence[str]] | None = None
    ) -> dict[str, tuple[str, list[str]]]:
        """Return the name of the list and the stems of each of our splits that the devkit has."""
        folder = self.root / "ImageSets" / image_set.capitalize()
        found = {}
        for split, names in (lists or _SPLIT_FILES[image_set]).items():
            name = next((name for name in names if (folder / f"{name}.txt").is_file()), None)
            if name is not None:
                # Some lists give paths, or a mask beside the image: the stem of the first is the image.
                lines = read_text(folder / f"{name}.txt").split("\n")
                found[split] = (name, [Path(line.split()[0]).stem for line in lines if line.strip()])
        return found

    def labels(
        self, image_set: str, name: str, stems: Sequence[str], problems: list[str]
    ) -> dict[str, tuple[frozenset[str], frozenset[str]]] | None:
        """Return the present and unknown classes of each image of a list; None where nothing tells them."""
        if image_set == "segmentation":
            masks = {stem: path for stem in stems if (path := self.mask(stem))}
            problems += [f"{name}.txt: {stem} has no mask" for stem in stems if masks and stem not in masks]
            with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
                held = threads.map(mask_labels, masks.values())
                return {stem: (labels, frozenset()) for stem, labels in zip(masks, held, strict=True)} or None
        tables = {path.stem.removesuffix(f"_{name}"): path for path in self._class_files(name)}
        if tables:
            return _from_class_files(tables, stems, problems)
        drawn = {stem: found for stem in stems if (found := self.annotation(stem))}
        problems += [f"{name}.txt: {stem} has no annotation" for stem in stems if drawn and stem not in drawn]
        return {stem: _from_marks(found) for stem, found in drawn.items()} or None

    def row(self, stem: str, split: str, where: str, labels: frozenset[str], unknown: frozenset[str]) -> Row:
        """Return everything the devkit says about one image."""
        drawn = self.annotation(stem)
        return Row.of(
            f"{where}, {stem}",
            self.names.get(stem, f"{stem}.jpg"),
            labels,
            unknown,
            split=split,
            boxes=drawn.truth() if drawn else None,
            mask=self.mask(stem),
        )

    def class_names(self, rows: Sequence[Row]) -> tuple[str, ...]:
        """Return the classes that have a file in ``ImageSets/Main``, else those that occur."""
        of_files = {
            path.stem.removesuffix(f"_{name}")
            for name, _ in self.splits("main").values()
            for path in self._class_files(name)
        }
        return tuple(
            sorted(of_files or {name for row in rows for name in row.record.labels | row.record.unknown})
        )

    def annotation(self, stem: str) -> ImageAnnotation | None:
        """Return the boxes of an image, None where it has no XML."""
        path = self.root / "Annotations" / f"{stem}.xml"
        return read_voc_xml(path) if path.is_file() else None

    def mask(self, stem: str) -> Path | None:
        """Return the file of an image's mask, the augmented one first."""
        folders = (self.root / "SegmentationClassAug", self.root / "SegmentationClass")
        return next((path for folder in folders if (path := folder / f"{stem}.png").is_file()), None)

    def _class_files(self, name: str) -> Iterator[Path]:
        yield from sorted((self.root / "ImageSets" / "Main").glob(f"*_{name}.txt"))


def mask_labels(path: Path) -> frozenset[str]:
    """Return the VOC classes that a mask holds, apart from background and ignored pixels.

    Raises:
        DataError: not an indexed mask, or an index outside 0-20 and 255.
    """
    with refused(path, "mask"), opened(path) as image:
        pixels = np.asarray(image)
    if pixels.ndim != 2:
        raise DataError(f"{path} is no indexed mask: it must hold one class index a pixel")
    held = np.flatnonzero(np.bincount(pixels.ravel().astype(np.int64)))
    strange = [int(index) for index in held if index > len(VOC_CLASSES) and index != VOID]
    if strange:
        raise DataError(f"{path} holds the class indices {strange}: they must be 0-20 or 255")
    return frozenset(VOC_CLASSES[index - 1] for index in held if 0 < index != VOID)


def _from_class_files(
    tables: Mapping[str, Path], stems: Sequence[str], problems: list[str]
) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    marks = {name: _marks(path, problems) for name, path in tables.items()}
    for name, path in tables.items():
        problems += [f"{path.name}: no line for {stem}" for stem in stems if stem not in marks[name]]
    return {
        stem: (
            frozenset(name for name in marks if marks[name].get(stem) == "1"),
            frozenset(name for name in marks if marks[name].get(stem) == "0"),
        )
        for stem in stems
    }


def _marks(path: Path, problems: list[str]) -> dict[str, str]:
    marks = {}
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        cells = line.split()
        if len(cells) == 2 and cells[1] in ("1", "-1", "0"):
            marks[cells[0]] = cells[1]
        elif cells:
            problems.append(f"{path.name} line {number}: must be a name and 1, -1 or 0, got {line.strip()!r}")
    return marks


def _from_marks(image: ImageAnnotation) -> tuple[frozenset[str], frozenset[str]]:
    """Return the classes that are present, and those of which only difficult objects are."""
    present = frozenset(image.labels) | {box.label for box in image.boxes if not box.difficult}
    return present, image.named - present


FORM = FolderForm(
    devkit_inside,
    read=lambda root, options: read_voc(root, image_set=options.image_set, classes=options.classes),
)
