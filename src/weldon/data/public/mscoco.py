"""MS COCO in the layout of its site: one folder and one file of instances a split and year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from weldon.data.labels.locate import ImageFinder
from weldon.data.labels.rows import Row, label_set_of
from weldon.data.public.class_lists import COCO_CLASSES
from weldon.data.public.entry import FLICKR, TABLE_2, Archive, Entry, find_folder
from weldon.data.record import Box, LabelSet
from weldon.files import read_json

_SPLITS = {"train": "train", "test": "val"}

# The bucket behind images.cocodataset.org, which has no certificate of its own name.
_COCO_HOST = "https://s3.amazonaws.com/images.cocodataset.org/"


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
        yield Row.of(f"{path.name}, image {number}", file_name, labels, split=split, boxes=found)


def _coco_archive(path: str, size: int, checksum: str) -> Archive:
    return Archive(Path(path).name, (_COCO_HOST + path,), size, f"sha256:{checksum}")


def _coco_layout(year: int) -> tuple[str, ...]:
    return (
        f"train{year}/*.jpg",
        f"val{year}/*.jpg",
        f"annotations/instances_train{year}.json",
        f"annotations/instances_val{year}.json",
    )


COCO2014 = Entry(
    name="coco2014",
    title="MS COCO 2014",
    classes=COCO_CLASSES,
    num_classes=80,
    train=82_783,
    test=40_504,
    measure="mAP",
    source=TABLE_2,
    home="coco2014",
    page="https://cocodataset.org/#download",
    licence=f"Annotations: CC BY 4.0. {FLICKR}",
    layout=_coco_layout(2014),
    archives=(
        _coco_archive(
            "zips/train2014.zip",
            13_510_573_713,
            "ede4087e640bddba550e090eae701092534b554b42b05ac33f0300b984b31775",
        ),
        _coco_archive(
            "zips/val2014.zip",
            6_645_013_297,
            "fe9be816052049c34717e077d9e34aa60814a55679f804cd043e3cbee3b9fde0",
        ),
        _coco_archive(
            "annotations/annotations_trainval2014.zip",
            252_872_794,
            "031296bbc80c45a1d1f76bf9a90ead27e94e99ec629208449507a4917a3bf009",
        ),
    ),
    read=read_coco2014,
)

COCO2017 = replace(
    COCO2014,
    name="coco2017",
    title="MS COCO 2017",
    train=118_287,
    test=5_000,
    source="cocodataset.org (not in the paper)",
    home="coco2017",
    layout=_coco_layout(2017),
    archives=(
        _coco_archive(
            "zips/train2017.zip",
            19_336_861_798,
            "69a8bb58ea5f8f99d24875f21416de2e9ded3178e903f1f7603e283b9e06d929",
        ),
        _coco_archive(
            "zips/val2017.zip",
            815_585_330,
            "4f7e2ccb2866ec5041993c9cf2a952bbed69647b115d0f74da7ce8f4bef82f05",
        ),
        _coco_archive(
            "annotations/annotations_trainval2017.zip",
            252_907_541,
            "113a836d90195ee1f884e704da6304dfaaecff1f023f49b6ca93c4aaae470268",
        ),
    ),
    read=read_coco2017,
)
