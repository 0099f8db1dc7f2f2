"""YOLO text files."""

from __future__ import annotations

import re

import pytest

from weldon.data.formats.annotation import ImageAnnotation, Polygon
from weldon.data.formats.yolo import read_names, read_yaml, read_yolo, write_yolo
from weldon.data.record import Box
from weldon.errors import DataError

pytest.importorskip("yaml")
GROWING = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_aliases_are_refused_by_line(tmp_path):
    (tmp_path / "data.yaml").write_text(GROWING + "names: *i\n")
    with pytest.raises(DataError, match=r"data\.yaml.*line 2: the alias \*a"):
        read_yaml(tmp_path / "data.yaml")


def test_every_value_is_the_text_that_is_written(tmp_path):
    (tmp_path / "data.yaml").write_text("names: {0: no, 1: 1.10, 2: 0x10, 3: 2020-01-01, 4: ~}\n")
    assert list(read_yaml(tmp_path / "data.yaml")["names"].values()) == [
        "no",
        "1.10",
        "0x10",
        "2020-01-01",
        "~",
    ]


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\xfd", b"a: [", b"a: b: c", b"!!python/object:os.system {}\n- x", b"[" * 5000, b"{a: {}: 1}"],
)
def test_what_is_none_is_named(tmp_path, content):
    (tmp_path / "data.yaml").write_bytes(content)
    with pytest.raises(DataError, match=r"data\.yaml"):
        read_yaml(tmp_path / "data.yaml")


CLASSES = ("cat", "no", "7")


def test_ids_begin_at_zero_and_places_are_shares(tmp_path):
    images = [
        ImageAnnotation("sub/a.jpg", 200, 100, (Box("no", 20, 10, 60, 50, 0.5),)),
        ImageAnnotation("b.jpg", 9, 9),
    ]
    write_yolo(tmp_path, images, CLASSES)
    assert (tmp_path / "labels" / "sub" / "a.txt").read_text() == "1 0.200000 0.300000 0.200000 0.400000\n"
    assert (tmp_path / "labels" / "b.txt").read_text() == ""
    write_yolo(tmp_path, images, CLASSES, scores=True)
    assert (tmp_path / "labels" / "sub" / "a.txt").read_text().endswith("0.400000 0.500000\n")


def test_names_that_yaml_would_misread_stay_names(tmp_path):
    yaml = pytest.importorskip("yaml")
    write_yolo(tmp_path, [], CLASSES)
    assert yaml.safe_load((tmp_path / "data.yaml").read_text())["names"] == {0: "cat", 1: "no", 2: "7"}


@pytest.mark.parametrize("name", ["a.png", "A.jpg", "../a.jpg"])
def test_names_that_share_a_text_file_are_refused(tmp_path, name):
    images = [ImageAnnotation(one, 9, 9) for one in ("a.jpg", name)]
    with pytest.raises(DataError, match=rf"a\.jpg and {re.escape(name)}"):
        write_yolo(tmp_path, images, CLASSES)
    assert not list(tmp_path.iterdir())


def test_outlines_and_lists_of_names_read(tmp_path, photograph):
    photograph("images/a.png", size=(100, 50))
    (tmp_path / "data.yaml").write_text("names: [cat, dog]\n")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("1 0 0 0.5 0 0.5 1\n\n0 0.5 0.5 1 1\n")
    found = read_yolo(tmp_path)
    assert found.images[0].polygons == (Polygon("dog", ((0, 0), (50, 0), (50, 50))),)
    assert found.images[0].boxes == (Box("cat", 0, 0, 100, 50),)


def test_every_bad_line_is_listed(tmp_path, photograph):
    photograph("images/a.png")
    (tmp_path / "data.yaml").write_text("names: [cat, dog]\n")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("5 0 0 1 1\n0 a b c d\n0 1 2\n")
    (tmp_path / "labels" / "z.txt").write_text("")
    with pytest.raises(DataError) as caught:
        read_yolo(tmp_path)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "a.txt line 1",
        "a.txt line 2",
        "a.txt line 3",
        "labels/z.txt",
    ]
    (tmp_path / "data.yaml").write_text("nc: 2\n")
    with pytest.raises(DataError, match="must hold `names`"):
        read_yolo(tmp_path)


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
    assert "boxes without an inside" in found.notes[0]
    assert "a.txt line 1" in found.notes[0]


def test_images_without_a_text_are_counted_and_two_that_share_one_are_refused(folder, photograph):
    photograph("images/b.png")
    found = read_yolo(folder(""))
    assert [image.file_name for image in found.images] == ["a.png"]
    assert "images have no text file" in found.notes[0]
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
