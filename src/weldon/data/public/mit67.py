"""MIT Indoor 67: scenes by the official lists of 80 and 20 photographs a class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from weldon.data.labels.locate import ImageFinder
from weldon.data.labels.rows import Row, label_set_of
from weldon.data.public.class_lists import MIT67_CLASSES
from weldon.data.public.entry import TABLE_2, Archive, Entry, find_folder
from weldon.data.record import LabelSet

LISTS = {"train": "TrainImages.txt", "test": "TestImages.txt"}


def read_mit67(root: Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return the photographs of ``TrainImages.txt`` and ``TestImages.txt``; the other 8,920 are not used.

    Args:
        root: with the two lists, and with ``Images`` in it or in ``indoorCVPR_09``.
        classes: of a trained model, to keep its order.

    Raises:
        DataError: missing lists or images, all at once.
    """
    lists = find_folder(root, ("indoorCVPR_09", ".."), tuple(LISTS.values()), "MIT67")
    images = find_folder(root, ("indoorCVPR_09",), ("Images",), "MIT67") / "Images"
    rows = [row for split, name in LISTS.items() for row in _rows(lists / name, split)]
    finder = ImageFinder((images,))
    return label_set_of(
        rows, finder, form="mit67", declared=MIT67_CLASSES, given=classes, empty_classes="keep"
    )


def _rows(path: Path, split: str) -> Iterator[Row]:
    """Yield a row for each ``class/file.jpg`` of a list."""
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if name := line.strip():
            yield Row.of(f"{path.name} line {number}", name, frozenset({name.split("/")[0]}), split=split)


MIT67 = Entry(
    name="mit67",
    title="MIT Indoor Scenes 67",
    classes=MIT67_CLASSES,
    num_classes=67,
    train=5_360,
    test=1_340,
    measure="accuracy",
    source=TABLE_2,
    home="mit67",
    page="https://web.mit.edu/torralba/www/indoor.html",
    licence="For research; the photographs come from the web and keep their owners' rights.",
    layout=("Images/CLASS/*.jpg", "TrainImages.txt", "TestImages.txt"),
    archives=(
        Archive(
            "indoorCVPR_09.tar",
            ("https://groups.csail.mit.edu/vision/LabelMe/NewImages/indoorCVPR_09.tar",),
            checksum="sha1:0b252516e746ba428b96af408d2e8162d9b08ac5",
        ),
        Archive("TrainImages.txt", ("https://web.mit.edu/torralba/www/TrainImages.txt",)),
        Archive("TestImages.txt", ("https://web.mit.edu/torralba/www/TestImages.txt",)),
    ),
    read=read_mit67,
)
