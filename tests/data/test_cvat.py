"""CVAT for images 1.1."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from weldon.data.annotation import ImageAnnotation
from weldon.data.cvat import write_cvat
from weldon.data.cvat_reader import read_cvat
from weldon.data.record import Box
from weldon.errors import DataError

CLASSES = ("cat", "dog")


def test_the_file_is_laid_out_as_cvat_exports_it(tmp_path):
    mask = np.zeros((30, 40), dtype=np.uint8)
    mask[10:20, 20:30] = 2
    image = ImageAnnotation(
        "sub/a.jpg",
        40,
        30,
        (Box("cat", 1, 2.345, 30, 20, 0.5),),
        ("cat",),
        {"cat": 0.25, "dog": 0.75},
        mask=mask,
    )
    write_cvat(tmp_path / "annotations.xml", [image], CLASSES)
    root = ET.parse(tmp_path / "annotations.xml").getroot()
    assert root.findtext("version") == "1.1"
    assert [label.findtext("name") for label in root.iter("label")] == ["cat", "dog"]
    (entry,) = root.iter("image")
    assert entry.attrib == {"id": "0", "name": "sub/a.jpg", "width": "40", "height": "30"}
    tag, box, polygon = entry
    assert (tag.tag, tag.get("label"), tag.findtext("attribute")) == ("tag", "cat", "0.25")
    assert {key: box.get(key) for key in ("xtl", "ytl", "xbr", "ybr", "occluded", "z_order")} == {
        "xtl": "1.00",
        "ytl": "2.35",
        "xbr": "30.00",
        "ybr": "20.00",
        "occluded": "0",
        "z_order": "0",
    }
    assert polygon.get("points") == "20.00,10.00;30.00,10.00;30.00,20.00;20.00,20.00"
    assert polygon.findtext("attribute") == "0.75"


def test_labels_for_a_new_task_stand_beside_it(tmp_path):
    write_cvat(tmp_path / "annotations.xml", [], CLASSES)
    labels = json.loads((tmp_path / "labels.json").read_text())
    assert [label["name"] for label in labels] == ["cat", "dog"]
    assert labels[0]["attributes"][0]["name"] == "score"


def test_a_label_that_the_head_does_not_list_is_a_class_too(tmp_path):
    (tmp_path / "a.xml").write_text(
        '<annotations><image id="0" name="a.jpg" width="9" height="9"><tag label="hen"/>'
        '<polyline label="hen" points="1,1;2,2"/></image></annotations>'
    )
    assert read_cvat(tmp_path / "a.xml").classes == ("hen",)


@pytest.mark.parametrize(
    "text",
    [
        "<annotations><image",
        "<html></html>",
        '<annotations><image name="a" width="9" height="9"><box label="x" xtl="1"/></image></annotations>',
    ],
)
def test_what_is_no_cvat_file_is_refused(tmp_path, text):
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(DataError, match=r"a\.xml"):
        read_cvat(tmp_path / "a.xml")


@pytest.mark.slow
def test_datumaro_opens_it(tmp_path, photograph):
    datumaro = pytest.importorskip("datumaro", reason="datumaro is not installed")
    images = [
        ImageAnnotation(f"{n}.jpg", 40, 30, (Box("dog", 1, 2, 30, 20, 0.5),), ("cat",)) for n in range(2)
    ]
    for image in images:
        photograph(f"images/{image.file_name}", size=(40, 30))
    write_cvat(tmp_path / "annotations.xml", images, CLASSES)
    found = list(datumaro.Dataset.import_from(str(tmp_path), "cvat"))
    assert len(found) == 2
    (box,) = (mark for mark in found[0].annotations if mark.type.name == "bbox")
    assert (box.x, box.y, box.w, box.h) == (1, 2, 29, 18)
