"""CUB-200-2011: birds by the official division; no boxes and no parts are used to train."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from weldon.data.labels.locate import ImageFinder
from weldon.data.labels.rows import Row, label_set_of
from weldon.data.public.entry import TABLE_2, Archive, Entry, find_folder
from weldon.data.record import Box, LabelSet

TABLES = ("images.txt", "image_class_labels.txt", "train_test_split.txt", "classes.txt")


def read_cub(root: Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return the photographs of ``train_test_split.txt`` (1 trains, 0 tests) with the species of each.

    This is the division for recognition; the one by species, for retrieval, is another. The box of the bird
    is kept for measuring only, parts are not read.

    Args:
        root: ``CUB_200_2011``, or the folder above it.
        classes: of a trained model, to keep its order.

    Raises:
        DataError: missing files or lines, all at once.
    """
    folder = find_folder(root, ("CUB_200_2011",), (*TABLES, "images"), "CUB-200-2011")
    problems: list[str] = []
    names, species, learns, labels = (_table(folder / name, 1, problems) for name in TABLES)
    corners = _table(folder / "bounding_boxes.txt", 4, problems)
    rows = []
    for number, (name,) in names.items():
        label = labels.get(species.get(number, [""])[0])
        split = {"1": "train", "0": "test"}.get(learns.get(number, [""])[0])
        if label is None or split is None:
            missing = "image_class_labels.txt" if label is None else "train_test_split.txt"
            problems.append(f"images.txt, image {number}: nothing usable in {missing}")
            continue
        boxes = (_box(label[0], corners[number]),) if number in corners else None
        rows.append(Row.of(f"images.txt, image {number}", name, frozenset(label), split=split, boxes=boxes))
    declared = [name for (name,) in labels.values()]
    finder = ImageFinder((folder / "images",))
    return label_set_of(
        rows,
        finder,
        form="cub",
        declared=declared,
        given=classes,
        empty_classes="keep",
        problems=problems,
    )


def _box(label: str, cells: Sequence[str]) -> Box:
    x, y, width, height = (float(cell) for cell in cells)
    return Box(label, x, y, x + width, y + height)


def _table(path: Path, values: int, problems: list[str]) -> dict[str, list[str]]:
    """Return the values of each line by its first cell, the number; a table that is missing is empty."""
    if not path.is_file():
        return {}
    found = {}
    for row, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        cells = line.split()
        if len(cells) == values + 1:
            found[cells[0]] = cells[1:]
        elif cells:
            problems.append(f"{path.name} line {row}: must be a number and {values} values, got {line!r}")
    return found


CUB200 = Entry(
    name="cub200",
    title="Caltech-UCSD Birds 200 (2011)",
    classes=(),
    num_classes=200,
    train=5_994,
    test=5_794,
    measure="accuracy",
    source=TABLE_2,
    home="cub200",
    page="https://www.vision.caltech.edu/datasets/cub_200_2011/",
    licence="For non-commercial research and education; the photographs are Flickr's.",
    layout=(
        "CUB_200_2011/images/CLASS/*.jpg",
        "CUB_200_2011/{images,image_class_labels,train_test_split,classes}.txt",
        "CUB_200_2011/bounding_boxes.txt (for measuring only)",
    ),
    archives=(
        Archive(
            "CUB_200_2011.tgz",
            ("https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz",),
            1_150_585_339,
            "sha256:0c685df5597a8b24909f6a7c9db6d11e008733779a671760afef78feb49bf081",
        ),
    ),
    read=read_cub,
)
