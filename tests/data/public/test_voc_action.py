"""VOC 2012 Action in miniature: persons are labelled, images are learnt."""

from __future__ import annotations

import pytest

from weldon.data.public.catalogue import read_dataset
from weldon.data.public.class_lists import ACTION_CLASSES
from weldon.data.record import Box
from weldon.errors import DataError

PERSON = """<object><name>person</name><bndbox><xmin>{x}</xmin><ymin>1</ymin><xmax>{x2}</xmax><ymax>8</ymax>
</bndbox><actions><running>1</running><other>0</other></actions></object>"""
HORSE = """<object><name>horse</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>5</ymax></bndbox>
</object>"""

# From image to the actions of each of its persons; the number is that of the object in the XML.
TRAIN = {
    "2010_000001": {2: {"ridinghorse": 1}, 3: {"running": 1, "walking": 0}},
    "2010_000002": {1: {}},
}
VAL = {"2011_000003": {1: {"phoning": 1, "walking": 1}}}


@pytest.fixture
def action(tmp_path, photograph):
    devkit = tmp_path / "VOCdevkit" / "VOC2012"
    lists = devkit / "ImageSets" / "Action"
    for folder in (lists, devkit / "Annotations"):
        folder.mkdir(parents=True)
    for name, images in (("train", TRAIN), ("val", VAL)):
        (lists / f"{name}.txt").write_text("".join(f"{stem}\n" for stem in images))
        for label in (*ACTION_CLASSES, "other"):
            lines = [
                f"{stem} {number:2d} {marks.get(label, -1):2d}\n"
                for stem, persons in images.items()
                for number, marks in persons.items()
            ]
            (lists / f"{label}_{name}.txt").write_text("".join(lines))
        for stem in images:
            photograph(f"VOCdevkit/VOC2012/JPEGImages/{stem}.jpg")
            objects = HORSE + PERSON.format(x=2, x2=6) + PERSON.format(x=7, x2=9)
            text = f"<annotation><size><width>12</width><height>8</height></size>{objects}</annotation>"
            (devkit / "Annotations" / f"{stem}.xml").write_text(text)
    return tmp_path


def test_an_image_shows_what_any_of_its_persons_does(action):
    first, second, third = read_dataset("voc2012-action", action).records
    assert first.labels == {"ridinghorse", "running"}
    assert first.unknown == {"walking"}
    assert not second.labels | second.unknown
    assert third.labels == {"phoning", "walking"}


def test_train_trains_and_val_measures(action):
    found = read_dataset("voc2012-action", action)
    assert [record.split for record in found.records] == ["train", "train", "test"]
    assert found.classes == ACTION_CLASSES  # the distractor "other" is no class


def test_boxes_are_those_of_the_persons_that_act(action):
    boxes = read_dataset("voc2012-action", action).records[0].boxes
    assert boxes == (Box("ridinghorse", 1, 0, 6, 8), Box("running", 6, 0, 9, 8))


def test_lists_that_name_persons_give_each_image_once(action):
    lists = action / "VOCdevkit" / "VOC2012" / "ImageSets" / "Action"
    (lists / "train.txt").write_text("2010_000001 2\n2010_000001 3\n2010_000002 1\n")
    assert len(read_dataset("voc2012-action", action).of_split("train")) == 2


def test_missing_and_broken_lines_are_named(action):
    lists = action / "VOCdevkit" / "VOC2012" / "ImageSets" / "Action"
    (lists / "running_train.txt").write_text("2010_000001  3  1\n2010_000002  one  1\n")
    (lists / "reading_val.txt").unlink()
    with pytest.raises(DataError) as error:
        read_dataset("voc2012-action", action)
    assert "running_train.txt line 2: must be image, person and 1, -1 or 0" in str(error.value)
    assert "running_train.txt: no line for 2010_000002" in str(error.value)
    assert f"no list {lists / 'reading_val.txt'}" in str(error.value)
