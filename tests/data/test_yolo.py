"""YOLO text files."""

from __future__ import annotations

import re

import pytest

from weldon.data.annotation import ImageAnnotation, Polygon
from weldon.data.record import Box
from weldon.data.yolo import write_yolo
from weldon.data.yolo_reader import read_yolo
from weldon.errors import DataError

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
