"""True boxes by the names of the images, whichever tool wrote them."""

from __future__ import annotations

import json

import pytest

from weldon.data.record import Box
from weldon.data.truth import TrueBoxes, match_names, read_boxes
from weldon.errors import DataError, UsageError


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("a.jpg", "a.jpg"),
        ("a.jpg", "a"),
        ("a.jpg", "a.png"),
        ("day/a.jpg", "a.xml"),
        ("a.jpg", "C:\\data\\a.jpg"),
        ("photos/day/a.jpg", "/home/x/day/a.jpg"),
        ("a.v2.jpg", "a.v2"),
        ("cafe\u0301.jpg", "caf\u00e9.jpg"),
        ("a.jpg", "0a1b2c3d-a.jpg"),
    ],
)
def test_one_image_under_two_names_is_found(name, given):
    assert match_names([name, "other.png"], [given, "more"]) == {name: given}


def test_equal_names_in_two_folders_are_matched_by_path():
    names = ["x/a/6.jpg", "x/b/6.jpg", "x/b/7.jpg"]
    assert match_names(names, ["b/6", "a/6", "b/7", "c/8"]) == {
        "x/a/6.jpg": "a/6",
        "x/b/6.jpg": "b/6",
        "x/b/7.jpg": "b/7",
    }


@pytest.mark.parametrize(
    ("names", "given"),
    [
        (["a/6.jpg", "b/6.jpg"], ["6.jpg"]),
        (["6.jpg"], ["a/6.jpg", "b/6.jpg"]),
        (["a.jpg", "a.png"], ["a.xml"]),
    ],
)
def test_a_name_that_could_mean_two_images_is_refused_with_both(names, given):
    with pytest.raises(DataError) as caught:
        match_names(names, given)
    assert all(name in str(caught.value) for name in (*names, *given))


def test_an_equal_name_goes_before_an_alike_one():
    assert match_names(["a.jpg", "a.png"], ["a.jpg"]) == {"a.jpg": "a.jpg"}
    assert match_names(["a.png", "a.jpg"], ["a.jpg", "a.png"]) == {"a.jpg": "a.jpg", "a.png": "a.png"}


def test_names_that_are_none_match_nothing():
    assert match_names(["", "/", "a.jpg"], ["", ".", "b"]) == {"": ""}


BOX = (Box("cat", 0, 0, 1, 1),)
XML = "<annotation><filename>{}</filename><size><width>9</width><height>9</height></size></annotation>"
COCO = {"images": [{"id": 1, "file_name": "a.png", "width": 9, "height": 9}], "annotations": []}


def test_an_image_goes_by_its_name_its_stem_and_its_path():
    truth = TrueBoxes({"day/a.png": BOX, "b": ()})
    for name in ("day/a.png", "a.png", "a", "other\\a.jpg", "/x/y/a.tif"):
        assert truth[name] == BOX
    assert truth["b.jpg"] == ()
    assert list(truth) == ["day/a.png", "b"]
    assert len(truth) == 2


def test_a_name_that_two_images_share_is_no_name():
    truth = TrueBoxes({"1/a.png": BOX, "2/a.png": ()})
    assert truth["2/a.png"] == ()
    assert "a.png" not in truth
    assert truth.get("3/a.png") is None


def test_an_image_listed_without_a_box_has_none_and_one_not_listed_is_not_known(tmp_path):
    (tmp_path / "coco.json").write_text(json.dumps({**COCO, "categories": [{"id": 1, "name": "cat"}]}))
    truth = read_boxes(tmp_path / "coco.json")
    assert truth["a.png"] == ()
    assert "b.png" not in truth


def test_what_is_no_annotation_file_is_refused(tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1}')
    (tmp_path / "b.json").write_text('{"a": ')
    with pytest.raises(DataError, match="neither a COCO data set"):
        read_boxes(tmp_path / "a.json")
    with pytest.raises(DataError, match="is no JSON"):
        read_boxes(tmp_path / "b.json")
    with pytest.raises(UsageError, match=r"must be a COCO .*, a folder of VOC XML; got .*c\.txt"):
        read_boxes(tmp_path / "c.txt")
    with pytest.raises(DataError, match="no VOC annotation"):
        read_boxes(tmp_path)
