"""VOC 2007 and 2012 in miniature: every class has its file, as in the devkit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from weldon.data.public.catalogue import read_dataset
from weldon.data.public.voc import VOC_CLASSES
from weldon.errors import DataError

XML = """<annotation><filename>{stem}.jpg</filename><size><width>12</width><height>8</height></size>
<object><name>{name}</name><difficult>0</difficult>
<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>12</xmax><ymax>8</ymax></bndbox></object></annotation>"""


def write_devkit(folder: Path, photograph, lists: dict[str, dict[str, dict[str, int]]]) -> None:
    """Write lists of images with their marks; a class without a mark is -1."""
    main = folder / "ImageSets" / "Main"
    for part in (main, folder / "Annotations"):
        part.mkdir(parents=True)
    for name, images in lists.items():
        (main / f"{name}.txt").write_text("".join(f"{stem}\n" for stem in images))
        for label in VOC_CLASSES:
            lines = [f"{stem} {marks.get(label, -1):2d}\n" for stem, marks in images.items()]
            (main / f"{label}_{name}.txt").write_text("".join(lines))
        for stem, marks in images.items():
            photograph(str((folder / "JPEGImages" / f"{stem}.jpg").relative_to(folder.parents[2])))
            first = next(label for label, mark in marks.items() if mark > -1)
            (folder / "Annotations" / f"{stem}.xml").write_text(XML.format(stem=stem, name=first))


@pytest.fixture
def voc2007(tmp_path, photograph):
    folder = tmp_path / "voc2007" / "VOCdevkit" / "VOC2007"
    trainval = {
        "000005": {"chair": 1},
        "000007": {"car": 1, "person": 0},
        "000009": {"horse": 1, "person": 1},
    }
    lists = {"train": {"000005": {"chair": 1}}, "val": {k: trainval[k] for k in ("000007", "000009")}}
    test = {"000001": {"dog": 1, "person": 1}, "000002": {"train": 1}}
    write_devkit(folder, photograph, {**lists, "trainval": trainval, "test": test})
    return tmp_path / "voc2007"


def test_voc2007_trains_on_trainval_and_measures_on_test(voc2007):
    found = read_dataset("voc2007", voc2007)
    assert found.classes == VOC_CLASSES
    assert [r.file_name for r in found.of_split("train")] == ["000005.jpg", "000007.jpg", "000009.jpg"]
    assert [r.file_name for r in found.of_split("test")] == ["000001.jpg", "000002.jpg"]
    assert not found.of_split("val")


def test_voc2007_only_difficult_is_unknown(voc2007):
    car = read_dataset("voc2007", voc2007).records[1]
    assert (car.labels, car.unknown) == ({"car"}, {"person"})


def test_voc2007_is_found_in_the_devkit_itself_too(voc2007):
    inside = voc2007 / "VOCdevkit" / "VOC2007"
    assert len(read_dataset("voc2007", inside).records) == 5


def test_a_count_that_is_not_the_published_one_is_said(voc2007):
    note = "3 of 5,011 training and 2 of 4,952 test images are here"
    assert any(note in text for text in read_dataset("voc2007", voc2007).notes)


@pytest.fixture
def voc2012(tmp_path, photograph):
    folder = tmp_path / "VOCdevkit" / "VOC2012"
    lists = {"train": {"2008_000008": {"horse": 1}}, "val": {"2008_000002": {"tvmonitor": 1}}}
    write_devkit(
        folder.parent.parent / "x" / "VOCdevkit" / "VOC2012",
        photograph,
        {**lists, "trainval": {**lists["train"], **lists["val"]}},
    )
    return tmp_path / "x"


def test_voc2012_test_labels_are_unknown(voc2012, photograph):
    devkit = voc2012 / "VOCdevkit" / "VOC2012"
    (devkit / "ImageSets" / "Main" / "test.txt").write_text("2008_000001\n2008_000004\n")
    photograph("x/VOCdevkit/VOC2012/JPEGImages/2008_000001.jpg")
    found = read_dataset("voc2012", voc2012)
    assert len(found.of_split("train")) == 2
    (test,) = found.of_split("test")  # the other photograph was not unpacked
    assert test.unknown == frozenset(VOC_CLASSES)
    assert not test.labels


def test_voc2012_without_the_test_archive_has_no_test_images(voc2012):
    found = read_dataset("voc2012", voc2012)
    assert {record.split for record in found.records} == {"train"}


def test_voc2012_val_measures_on_val(voc2012):
    found = read_dataset("voc2012-val", voc2012)
    assert [(r.file_name, r.split) for r in found.records] == [
        ("2008_000008.jpg", "train"),
        ("2008_000002.jpg", "test"),
    ]
    assert found.records[1].boxes[0].label == "tvmonitor"


def test_voc2012_segmentation_trains_on_the_augmented_masks(voc2012):
    devkit = voc2012 / "VOCdevkit" / "VOC2012"
    lists, masks = devkit / "ImageSets" / "Segmentation", devkit / "SegmentationClassAug"
    lists.mkdir()
    masks.mkdir()
    for name, stem, label in (("train_aug", "2008_000008", "horse"), ("val", "2008_000002", "tvmonitor")):
        mask = np.zeros((8, 12), dtype=np.uint8)
        mask[:3, :3], mask[3:4, :] = VOC_CLASSES.index(label) + 1, 255
        Image.fromarray(mask).save(masks / f"{stem}.png")
        (lists / f"{name}.txt").write_text(f"/JPEGImages/{stem}.jpg /SegmentationClassAug/{stem}.png\n")
    train, test = read_dataset("voc2012-segmentation", voc2012).records
    assert (train.split, train.labels) == ("train", {"horse"})
    assert (test.split, test.labels) == ("test", {"tvmonitor"})
    assert test.mask == masks / "2008_000002.png"


def test_a_folder_without_the_devkit_says_what_was_looked_for(tmp_path):
    with pytest.raises(DataError, match=r"no VOC 2007 in .*VOC2007.*must hold JPEGImages"):
        read_dataset("voc2007", tmp_path)
