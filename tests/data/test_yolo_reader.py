"""YOLO folders of other tools: what cannot be used is named by file and line."""

from __future__ import annotations

import pytest

from weldon.data.record import Box
from weldon.data.yolo_reader import read_names, read_yolo
from weldon.errors import DataError


@pytest.fixture
def folder(tmp_path, photograph):
    """Write a folder with one picture of 100 x 50 and its text."""

    def write(text: str, names: str = "names: [cat, dog]\n"):
        photograph("images/a.png", size=(100, 50))
        (tmp_path / "labels").mkdir(exist_ok=True)
        (tmp_path / "labels" / "a.txt").write_text(text)
        (tmp_path / "data.yaml").write_text(names)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 nan 0.5 0.1 0.1", "'nan' is no number"),
        ("0 0.5 0.5 inf 0.1", "'inf' is no number"),
        ("0 0.5 0.5 1e300 0.1", "'1e300' is no number"),
        ("2 0.5 0.5 0.1 0.1", "no class 2 in data.yaml: the ids are 0 to 1"),
        ("-1 0.5 0.5 0.1 0.1", "no class -1"),
        ("cat 0.5 0.5 0.1 0.1", "invalid literal"),
        ("0 0.5 0.5", "got 2 numbers"),
        ("0 0 0 1 1 1 0 1", "got 7 numbers"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(folder, line, words):
    with pytest.raises(DataError, match=rf"a\.txt line 2: .*{words}"):
        read_yolo(folder(f"1 0.5 0.5 1 1\n{line}\n"))


def test_a_box_without_an_inside_is_counted_and_its_class_stays(folder):
    found = read_yolo(folder("0 0.5 0.5 0 0.1\n1 0.5 0.5 1 1\n"))
    assert found.images[0].labels == ("cat",)
    assert found.images[0].boxes == (Box("dog", 0, 0, 100, 50),)
    assert "1 boxes without an inside" in found.notes[0]
    assert "a.txt line 1" in found.notes[0]


def test_images_without_a_text_are_counted_and_two_that_share_one_are_refused(folder, photograph):
    photograph("images/b.png")
    found = read_yolo(folder(""))
    assert [image.file_name for image in found.images] == ["a.png"]
    assert "1 images have no text file" in found.notes[0]
    photograph("images/a.jpg")
    with pytest.raises(DataError, match=r"labels/a\.txt: a\.jpg and a\.png share it"):
        read_yolo(folder(""))


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        ("names: [no, 7]\n", {0: "no", 1: "7"}),
        ("names:\n  1: dog\n  0: cat\n", {1: "dog", 0: "cat"}),
        ("nc: 1\nnames: ['a b']\n", {0: "a b"}),
    ],
)
def test_names_are_a_list_or_numbers_to_names(folder, names, classes):
    assert read_names(folder("", names) / "data.yaml") == classes


@pytest.mark.parametrize(
    "names",
    [
        "nc: 2\n",
        "names: cat\n",
        "names: []\n",
        "names: [[a]]\n",
        "- cat\n",
        "names: {a: b}\n",
        "names: ['']\n",
        "",
    ],
)
def test_other_names_are_refused(folder, names):
    with pytest.raises(DataError, match=r"data\.yaml must hold `names`"):
        read_names(folder("", names) / "data.yaml")


def test_a_text_that_is_no_text_and_a_picture_that_is_none_are_named(folder):
    home = folder("")
    (home / "labels" / "a.txt").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(DataError, match=r"a\.txt"):
        read_yolo(home)
    (folder("") / "images" / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"a\.png"):
        read_yolo(home)
