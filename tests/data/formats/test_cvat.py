"""CVAT for images 1.1."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from weldon.data.formats.annotation import ImageAnnotation
from weldon.data.formats.cvat import read_cvat, write_cvat
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


SIZE = 'width="160" height="120"'
CUBOID = " ".join(
    f'x{corner}{end}="{x}" y{corner}{end}="{y}"'
    for corner, x, y in (("tl", 10, 20), ("bl", 10, 60), ("tr", 40, 15), ("br", 50, 70))
    for end in ("1", "2")
)


def read(tmp_path, marks: str, *, labels: str = "", size: str = SIZE):
    text = (
        f'<annotations><meta><task><labels>{labels}</labels></task></meta><image id="0" name="a.png" {size}>'
    )
    (tmp_path / "a.xml").write_text(f"{text}{marks}</image></annotations>")
    found = read_cvat(tmp_path / "a.xml")
    return found.images[0], found


def edges(box):
    return box.x1, box.y1, box.x2, box.y2


@pytest.mark.parametrize(
    ("mark", "around"),
    [
        ('<mask label="cat" rle="2, 4, 4, 2" left="10" top="20" width="4" height="3"/>', (10, 20, 14, 23)),
        ('<mask label="cat" rle="5,1,6" left="10" top="20" width="4" height="3"/>', (11, 21, 12, 22)),
        ('<ellipse label="cat" cx="50" cy="40" rx="10" ry="5"/>', (40, 35, 60, 45)),
        ('<ellipse label="cat" cx="50" cy="40" rx="10" ry="5" rotation="90"/>', (45, 30, 55, 50)),
        ('<box label="cat" xtl="10" ytl="20" xbr="50" ybr="40" rotation="90"/>', (20, 10, 40, 50)),
        (
            '<box label="cat" xtl="0" ytl="0" xbr="20" ybr="20" rotation="45"/>',
            (-4.142, -4.142, 24.142, 24.142),
        ),
        (f'<cuboid label="cat" {CUBOID}/>', (10, 15, 50, 70)),
    ],
)
def test_shapes_with_an_extent_give_the_upright_box_around_them(tmp_path, mark, around):
    image, _ = read(tmp_path, mark)
    assert image.named == {"cat"}
    (box,) = image.boxes
    assert edges(box) == pytest.approx(around, abs=1e-3)


def test_a_mask_is_decoded_to_its_pixels(tmp_path):
    image, _ = read(tmp_path, '<mask label="cat" rle="2,4,4,2" left="10" top="20" width="4" height="3"/>')
    area = 0.0
    for polygon in image.polygons:
        x, y = zip(*polygon.points, strict=True)
        area += abs(sum(x[i - 1] * y[i] - x[i] * y[i - 1] for i in range(len(x)))) / 2
    assert area == 4 + 2
    assert len(image.truth()) == 1, "its outlines are no further objects"


@pytest.mark.parametrize(
    "mark",
    [
        '<polyline label="cat" points="1,1;5,5"/>',
        '<skeleton label="cat"><points label="nose" points="1,1" outside="0"/></skeleton>',
        '<hexagon label="cat"/>',
        '<mask label="cat" rle="12" left="0" top="0" width="4" height="3"/>',
        '<box label="cat" xtl="9" ytl="9" xbr="9" ybr="20"/>',
    ],
)
def test_a_shape_without_a_box_still_says_that_its_class_is_there(tmp_path, mark):
    image, _ = read(tmp_path, mark)
    assert (image.labels, image.boxes) == (("cat",), ())
    assert [(box.label, box.difficult) for box in image.truth()] == [("cat", True)]


def test_a_mark_that_is_not_understood_leaves_the_other_classes_unknown(tmp_path):
    labels = "".join(f"<label><name>{name}</name></label>" for name in ("cat", "dog"))
    image, found = read(tmp_path, '<tag label="cat"/><thing colour="red"/>', labels=labels)
    assert image.unknown_of(found.classes) == {"dog"}
    assert "marks <thing> have no label" in found.notes[0]


def test_the_joints_of_a_skeleton_are_no_classes(tmp_path):
    labels = "<label><name>person</name></label><label><name>nose</name><parent>person</parent></label>"
    _, found = read(tmp_path, "", labels=labels)
    assert found.classes == ("person",)


def test_an_export_of_a_video_says_what_to_export(tmp_path):
    (tmp_path / "a.xml").write_text(
        '<annotations><track id="0" label="cat"><box frame="0" xtl="1" ytl="1" xbr="9" ybr="9"/></track>'
        "</annotations>"
    )
    with pytest.raises(DataError, match=r"a\.xml is an export of a video.*CVAT for images"):
        read_cvat(tmp_path / "a.xml")


@pytest.mark.parametrize(
    "mark",
    [
        '<box label="cat" xtl="nan" ytl="1" xbr="9" ybr="9"/>',
        '<box label="cat" xtl="1" ytl="1" xbr="inf" ybr="9"/>',
        '<box label="cat" xtl="1" ytl="1" xbr="9"/>',
        '<box label="" xtl="1" ytl="1" xbr="9" ybr="9"/>',
        '<points label="cat" points="1;2"/>',
        '<polygon label="cat" points=""/>',
        '<mask label="cat" rle="1,2" left="0" top="0" width="4" height="3"/>',
        '<mask label="cat" rle="1,2" left="0" top="0" width="900000000" height="900000000"/>',
        '<tag label="cat"><attribute name="score">high</attribute></tag>',
    ],
)
def test_a_mark_without_its_numbers_is_refused_by_image(tmp_path, mark):
    with pytest.raises(DataError, match=r"a\.xml, image 'a\.png': "):
        read(tmp_path, mark)


def test_an_image_without_its_size_is_named(tmp_path):
    with pytest.raises(DataError, match=r"image 'a\.png': <image> has no width"):
        read(tmp_path, "", size="")


def test_a_mask_of_a_gigantic_size_keeps_its_box_only(tmp_path):
    side = 30_000
    mark = f'<mask label="cat" rle="3,2,{side * side - 5}" left="0" top="0" width="{side}" height="{side}"/>'
    image, found = read(tmp_path, mark)
    assert (edges(image.boxes[0]), image.polygons) == ((3, 0, 5, 1), ())
    assert "too large to be outlined" in found.notes[0]
