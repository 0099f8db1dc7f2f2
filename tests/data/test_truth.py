"""True boxes by the names of the images, whichever tool wrote them."""

from __future__ import annotations

import json

import pytest

from weldon.data.record import Box
from weldon.data.truth import TrueBoxes, annotation_form, read_annotations, read_boxes
from weldon.errors import DataError, UsageError

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


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.json", json.dumps({**COCO, "categories": []}), "coco"),
        ("b.JSON", '[{"data": {"image": "a.png"}, "annotations": []}]', "labelstudio"),
        ("c.xml", "<annotations/>", "cvat"),
    ],
)
def test_forms_are_told_apart_by_what_is_inside(tmp_path, name, content, form):
    (tmp_path / name).write_text(content)
    assert annotation_form(tmp_path / name) == form
    assert annotation_form(tmp_path) == "voc"


def test_a_folder_is_read_as_voc(tmp_path):
    (tmp_path / "a.xml").write_text(XML.format("a.png"))
    (image,) = read_annotations(tmp_path).images
    assert (image.file_name, image.width, image.boxes) == ("a.png", 9, ())


def test_what_is_no_annotation_file_is_refused(tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1}')
    (tmp_path / "b.json").write_text('{"a": ')
    with pytest.raises(DataError, match="neither a COCO data set"):
        read_boxes(tmp_path / "a.json")
    with pytest.raises(DataError, match="is no JSON"):
        read_boxes(tmp_path / "b.json")
    with pytest.raises(UsageError, match=r"must be \.json"):
        read_boxes(tmp_path / "c.txt")
    with pytest.raises(DataError, match="no VOC annotation"):
        read_boxes(tmp_path)
