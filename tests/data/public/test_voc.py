"""The devkit's layout, written small, and the real photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from weldon.data.labels import read_labels
from weldon.data.public.voc import VOC_CLASSES
from weldon.data.record import Box
from weldon.errors import DataError, UsageError

XML = """<annotation><filename>{name}.jpg</filename>
<size><width>12</width><height>8</height></size>{objects}</annotation>"""
OBJECT = """<object><name>{}</name><difficult>{}</difficult>
<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>
<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>12</xmax><ymax>8</ymax></bndbox></object>"""


@pytest.fixture
def devkit(tmp_path: Path, photograph) -> Path:
    """Two training images, one for validation; the second dog is difficult."""
    objects = {"one": [("cat", 0), ("dog", 1)], "two": [("dog", 0), ("dog", 1)], "three": [("cat", 0)]}
    for folder in ("ImageSets/Main", "ImageSets/Segmentation", "Annotations", "SegmentationClass"):
        (tmp_path / folder).mkdir(parents=True)
    for name, drawn in objects.items():
        photograph(f"JPEGImages/{name}.jpg")
        text = XML.format(name=name, objects="".join(OBJECT.format(*pair) for pair in drawn))
        (tmp_path / "Annotations" / f"{name}.xml").write_text(text)
        mask = np.zeros((8, 12), dtype=np.uint8)
        mask[0, 0], mask[0, 1] = VOC_CLASSES.index("horse") + 1, 255
        Image.fromarray(mask).save(tmp_path / "SegmentationClass" / f"{name}.png")
    for image_set in ("Main", "Segmentation"):
        (tmp_path / "ImageSets" / image_set / "train.txt").write_text("one\ntwo\n")
        (tmp_path / "ImageSets" / image_set / "val.txt").write_text("three\n")
    return tmp_path


def test_labels_from_annotations_when_no_class_files(devkit):
    found = read_labels(devkit)
    assert found.form == "voc"
    assert found.classes == ("cat", "dog")
    one, two, three = found.records
    assert (one.labels, one.unknown) == ({"cat"}, {"dog"})  # a dog, but only a difficult one
    assert (two.labels, two.unknown) == ({"dog"}, frozenset())
    assert [record.split for record in found.records] == ["train", "train", "val"]
    assert three.boxes == (Box("cat", 0, 1, 12, 8),)
    assert one.boxes is not None
    assert one.boxes[1].difficult


def test_class_files_count_and_zero_is_unknown(devkit):
    main = devkit / "ImageSets" / "Main"
    (main / "cat_train.txt").write_text("one  1\ntwo -1\n")
    (main / "dog_train.txt").write_text("one  0\ntwo  1\n")
    (main / "cat_val.txt").write_text("three -1\n")
    (main / "dog_val.txt").write_text("three  1\n")
    one, two, three = read_labels(devkit).records
    assert (one.labels, one.unknown) == ({"cat"}, {"dog"})
    assert (two.labels, two.unknown) == ({"dog"}, frozenset())
    assert three.labels == {"dog"}  # although its XML shows a cat: boxes are for measuring only


def test_a_class_named_train_is_told_from_the_split(devkit):
    main = devkit / "ImageSets" / "Main"
    for split, stems in (("train", ("one", "two")), ("val", ("three",))):
        for name in ("train", "val"):
            (main / f"{name}_{split}.txt").write_text("".join(f"{stem} 1\n" for stem in stems))
    assert read_labels(devkit).classes == ("train", "val")


def test_segmentation_takes_labels_from_masks(devkit):
    found = read_labels(devkit, image_set="segmentation")
    assert found.classes == VOC_CLASSES
    assert all(record.labels == {"horse"} for record in found.records)
    assert found.records[0].mask == devkit / "SegmentationClass" / "one.png"
    (devkit / "ImageSets" / "Segmentation" / "train_aug.txt").write_text("/JPEGImages/two.jpg /Aug/two.png\n")
    assert [r.file_name for r in read_labels(devkit, image_set="segmentation").records] == [
        "two.jpg",
        "three.jpg",
    ]


def test_problems_are_listed_together(devkit):
    main = devkit / "ImageSets" / "Main"
    (main / "cat_train.txt").write_text("one  1\ntwo yes\n")
    (devkit / "JPEGImages" / "three.jpg").unlink()
    with pytest.raises(DataError) as caught:
        read_labels(devkit)
    for part in (
        "cat_train.txt line 2",
        "cat_train.txt: no line for two",
        "val.txt, three: no file 'three.jpg'",
    ):
        assert part in str(caught.value)


def test_a_mask_of_colours_or_strange_indices_is_refused(devkit):
    path = devkit / "SegmentationClass" / "one.png"
    Image.new("RGB", (4, 4)).save(path)
    with pytest.raises(DataError, match="no indexed mask"):
        read_labels(devkit, image_set="segmentation")
    Image.new("L", (4, 4), 77).save(path)
    with pytest.raises(DataError, match=r"\[77\]"):
        read_labels(devkit, image_set="segmentation")


def test_an_unannotated_test_list_is_left_out_and_said(devkit, photograph):
    photograph("JPEGImages/four.jpg")
    (devkit / "ImageSets" / "Main" / "test.txt").write_text("four\n")
    found = read_labels(devkit)
    assert len(found.records) == 3
    assert any("test is left out: 1 image without labels" in note for note in found.notes)


def test_the_devkit_may_lie_deeper_and_must_be_one(tmp_path, devkit):
    for year in ("2007", "2012"):
        for folder in ("JPEGImages", "ImageSets/Main"):
            (tmp_path / "kit" / "VOCdevkit" / f"VOC{year}" / folder).mkdir(parents=True)
    with pytest.raises(UsageError, match="must name one devkit"):
        read_labels(tmp_path / "kit")
    with pytest.raises(UsageError, match="`image_set` must be one of"):
        read_labels(devkit, image_set="action")


@pytest.mark.data
def test_the_real_photographs_are_read_as_described(voc_animals):
    found = read_labels(voc_animals)
    assert found.classes == VOC_CLASSES
    assert (len(found.of_split("train")), len(found.of_split("val"))) == (1697, 1300)
    assert all(record.boxes for record in found.records)
    animals = {"cat", "cow", "dog", "horse", "sheep"}
    assert all(record.labels & animals for record in found.records)
    assert sum(len(record.labels) for record in found.records) / len(found.records) == pytest.approx(
        1.4, abs=0.1
    )


@pytest.mark.data
def test_the_real_masks_give_the_labels_of_train_aug(voc_animals):
    found = read_labels(voc_animals, image_set="segmentation")
    assert (len(found.of_split("train")), len(found.of_split("val"))) == (2781, 370)
    assert all(record.labels and record.mask for record in found.records)
