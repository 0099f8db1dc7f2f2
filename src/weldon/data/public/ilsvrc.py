"""ILSVRC 2012: a folder a class to train on; the validation images by folders or by the official list."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from weldon.counted import counted
from weldon.data.delimited import read_columns
from weldon.data.image import SUFFIXES
from weldon.data.public.entry import TABLE_2, Archive, Entry, find_folder
from weldon.data.record import LabelSet, Record
from weldon.errors import DataError

INNER = ("ILSVRC/Data/CLS-LOC", "Data/CLS-LOC", "CLS-LOC")
TRUTH = "ILSVRC2012_validation_ground_truth.txt"
SOLUTION = "LOC_val_solution.csv"
_DEVKITS = (".", "ILSVRC2012_devkit_t12/data", "devkit/data", "data")
_SYNSET = re.compile(r"n\d{8}")


def read_ilsvrc(root: Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return the images of ``train/n.../`` to train on and those of ``val`` to measure on.

    Classes are the synsets (``n01440764``), sorted, as pre-trained networks number them: the words are not
    unique (two are "crane"). Where ``val`` has no class folders, its labels come from Kaggle's
    ``LOC_val_solution.csv``, or from ``ILSVRC2012_validation_ground_truth.txt`` and ``meta.mat`` of the
    development kit. There are 1.3 million images: folders are listed, files are not looked at.

    Args:
        root: holds ``train`` and ``val``, or ``ILSVRC/Data/CLS-LOC`` as Kaggle packs it.
        classes: of a trained model, to keep its order; then ``train`` may be missing.

    Raises:
        DataError: folders that are no synsets, images without a label, a list that is not there.
    """
    folder = find_folder(root, INNER, ("val",) if classes else ("train", "val"), "ILSVRC 2012")
    train = dict(_by_class(folder / "train"))
    test = dict(_by_class(folder / "val"))
    if not test:
        test = _listed(root, folder)
    names = sorted(train) if classes is None else list(classes)
    _refuse_strangers(folder, train, test, names)
    records = (
        Record(path, path.relative_to(folder).as_posix(), labels, split=split)
        for split, part in (("train", train), ("test", test))
        for name, paths in part.items()
        for labels in (frozenset({name}),)  # one for all images of the class
        for path in paths
    )
    return LabelSet(tuple(records), tuple(names), "ilsvrc")


def _by_class(folder: Path) -> Iterator[tuple[str, list[Path]]]:
    if not folder.is_dir():
        return
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir() and not entry.name.startswith("."):
            yield entry.name, _images(Path(entry.path))


def _images(folder: Path) -> list[Path]:
    names = sorted(entry.name for entry in os.scandir(folder))
    return [folder / name for name in names if os.path.splitext(name)[1].lower() in SUFFIXES]


def _listed(root: Path, folder: Path) -> dict[str, list[Path]]:
    """Return the images that lie flat in ``val`` by their class."""
    above = (root, folder, *folder.parents[:3])
    solution = _solution(above)
    labels = _ground_truth(above) if solution is None else solution
    found: dict[str, list[Path]] = {}
    problems = []
    for path in _images(folder / "val"):
        if path.stem in labels:
            found.setdefault(labels[path.stem], []).append(path)
        else:
            problems.append(f"val/{path.name}: no label")
    if problems:
        place = folder / "val"
        found_no = counted(len(problems), f"image of {place} has", f"images of {place} have")
        raise DataError(f"{found_no} no label:", problems[:20])
    return found


def _solution(folders: Sequence[Path]) -> dict[str, str] | None:
    """Return the synset of each validation image from Kaggle's list, None where it is not there."""
    path = next((path for folder in folders if (path := folder / SOLUTION).is_file()), None)
    if path is None:
        return None
    rows = read_columns(path, "imageid", "predictionstring")
    empty = [f"{path.name} row {number}: no synset" for number, row in rows if not row["predictionstring"]]
    if empty:
        raise DataError(f"{path} does not tell the label of every image:", empty[:20])
    return {row["imageid"]: row["predictionstring"].split()[0] for _, row in rows}


def _ground_truth(folders: Sequence[Path]) -> Mapping[str, str]:
    """Return the synset of each validation image from the development kit."""
    places = [folder / inner for folder in folders for inner in _DEVKITS]
    place = next((place for place in places if (place / TRUTH).is_file()), None)
    if place is None or not (place / "meta.mat").is_file():
        raise DataError(
            f"nothing tells the labels of the images in val: put {TRUTH} and meta.mat of "
            f"ILSVRC2012_devkit_t12.tar.gz (or Kaggle's {SOLUTION}) into {folders[0]}, or sort the images "
            "into a folder a class"
        )
    synsets = read_synsets(place / "meta.mat")
    numbers = [int(line) for line in (place / TRUTH).read_text().split()]
    return {f"ILSVRC2012_val_{row:08d}": synsets[number] for row, number in enumerate(numbers, start=1)}


def read_synsets(path: Path) -> dict[int, str]:
    """Return the synset of each ``ILSVRC2012_ID`` from the development kit's ``meta.mat``.

    Raises:
        DataError: not such a file.
    """
    from scipy.io import loadmat

    try:
        table = loadmat(path, squeeze_me=True)["synsets"]
        return {int(row["ILSVRC2012_ID"]): str(row["WNID"]) for row in table}
    except (KeyError, ValueError, OSError, IndexError) as error:
        raise DataError(f"{path} is no meta.mat of ILSVRC 2012: {error}") from error


def _refuse_strangers(
    folder: Path, train: Mapping[str, list[Path]], test: Mapping[str, list[Path]], names: Sequence[str]
) -> None:
    known = frozenset(names)
    problems = [
        f"{folder / 'train' / name}: no synset (n and eight digits)"
        for name in train
        if not _SYNSET.fullmatch(name)
    ]
    problems += [
        f"{folder / 'val'}: class {name!r} is not in train" for name in sorted(set(test) - known) if train
    ]
    problems += [f"{folder / 'train' / name} holds no image" for name, paths in train.items() if not paths]
    if problems:
        raise DataError("this is not ILSVRC 2012 as published; correct these:", problems[:50])


ILSVRC2012 = Entry(
    name="ilsvrc2012",
    title="ImageNet, ILSVRC 2012",
    classes=(),
    num_classes=1000,
    train=1_281_167,
    test=50_000,
    measure="top-1 and top-5 error",
    source=TABLE_2,
    home="ilsvrc2012",
    page="https://image-net.org/challenges/LSVRC/2012/2012-downloads.php",
    licence="For non-commercial research and education, under ImageNet's terms of access.",
    layout=(
        "train/nXXXXXXXX/*.JPEG",
        "val/*.JPEG (or val/nXXXXXXXX/*.JPEG)",
        "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt, meta.mat",
    ),
    archives=(
        Archive(
            *("ILSVRC2012_devkit_t12.tar.gz", (), None),
            "sha256:b59243268c0d266621fd587d2018f69e906fb22875aca0e295b48cafaa927953",
        ),
        Archive(
            *("ILSVRC2012_img_val.tar", (), 6_744_924_160),
            "sha256:c7e06a6c0baccf06d8dbeb6577d71efff84673a5dbdd50633ab44f8ea0456ae0",
            "val",
        ),
        Archive(
            *("ILSVRC2012_img_train.tar", (), 147_897_477_120),
            "sha256:b08200a27a8e34218a0e58fde36b0fe8f73bc377f4acea2d91602057c3ca45bb",
            "train",
        ),
    ),
    read=read_ilsvrc,
    by_hand="ImageNet asks everybody to accept its terms: sign in, accept, and fetch the files in a browser.",
)
