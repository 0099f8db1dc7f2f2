"""MS COCO in the layout of its site: one folder and one file of instances a split and year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from weldon.data.class_lists import COCO_CLASSES
from weldon.data.entry import find_folder
from weldon.data.json_file import read_json
from weldon.data.locate import ImageFinder
from weldon.data.record import Box, LabelSet
from weldon.data.rows import Row, label_set_of

_SPLITS = {"train": "train", "test": "val"}


def read_coco2014(root: Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return ``train2014`` to train on and ``val2014`` to measure on, as in Table 2."""
    return read_mscoco(root, 2014, classes=classes)


def read_coco2017(root: Path, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return ``train2017`` to train on and ``val2017`` to measure on."""
    return read_mscoco(root, 2017, classes=classes)


def read_mscoco(root: Path, year: int, *, classes: Sequence[str] | None = None) -> LabelSet:
    """Return the images of one year's division, with the categories of their instances.

    Crowds count as present: they show the class. Their boxes are marked difficult, so that measures leave
    them out. Images without any instance are kept, every class being absent.

    Args:
        root: with ``annotations`` and the folders of images.
        year: of the division, 2014 or 2017.
        classes: of a trained model, to keep its order.

    Raises:
        DataError: missing files, images or categories, all at once.
    """
    files = {split: f"annotations/instances_{name}{year}.json" for split, name in _SPLITS.items()}
    folder = find_folder(root, ("coco", "MSCOCO"), tuple(files.values()), f"MS COCO {year}")
    problems: list[str] = []
    rows = [row for split, name in files.items() for row in _rows(folder / name, split, problems)]
    images = [folder / f"{name}{year}" for name in _SPLITS.values()]
    images += [folder / "images" / f"{name}{year}" for name in _SPLITS.values()]
    return label_set_of(
        rows,
        ImageFinder(images),
        form="coco",
        declared=COCO_CLASSES,
        given=classes,
        empty_classes="keep",
        problems=problems,
    )


def _rows(path: Path, split: str, problems: list[str]) -> Iterator[Row]:
    """Yield a row an image; the outlines, most of these large files, are dropped first."""
    content = read_json(path)
    names = {entry["id"]: str(entry["name"]) for entry in content["categories"]}
    boxes: dict[Any, list[Box]] = defaultdict(list)
    for entry in content["annotations"]:
        name = names.get(entry["category_id"])
        if name is None:
            problems.append(f"{path.name}, annotation {entry['id']}: no category {entry['category_id']!r}")
            continue
        x, y, width, height = entry["bbox"]
        boxes[entry["image_id"]].append(
            Box(name, x, y, x + width, y + height, difficult=bool(entry["iscrowd"]))
        )
    described = [(image["id"], str(image["file_name"])) for image in content["images"]]
    del content
    for number, file_name in described:
        found = tuple(boxes[number])
        labels = frozenset(box.label for box in found)
        yield Row(f"{path.name}, image {number}", file_name, labels, split=split, boxes=found)
