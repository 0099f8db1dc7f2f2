"""VOC's XML there and back: pixels from 1, both ends inside."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from weldon.data.formats.annotation import ImageAnnotation
from weldon.data.formats.voc_xml import read_voc_folder, read_voc_xml, write_voc
from weldon.data.record import Box
from weldon.errors import DataError

OBJECT = "<object><name>{}</name><bndbox>{}</bndbox>{}</object>"
EDGES = "<xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax>"


def written(tmp_path, *objects: str, head: str = "") -> str:
    (tmp_path / "a.xml").write_text(f"<annotation>{head}{''.join(objects)}</annotation>")
    return tmp_path / "a.xml"


def test_pixel_one_is_the_stretch_from_zero_to_one(tmp_path):
    (box,) = read_voc_xml(written(tmp_path, OBJECT.format(" cat ", EDGES, ""))).boxes
    assert box == Box("cat", 0, 1, 30, 40)


def test_difficulty_and_score_are_read(tmp_path):
    more = "<difficult>1</difficult><score>0.25</score>"
    (box,) = read_voc_xml(written(tmp_path, OBJECT.format("cat", EDGES, more))).boxes
    assert (box.difficult, box.score) == (True, 0.25)


def test_a_file_without_a_name_inside_is_named_by_itself(tmp_path):
    found = read_voc_xml(written(tmp_path))
    assert (found.file_name, found.width, found.boxes) == ("a.jpg", 0, ())
    named = written(
        tmp_path, head="<filename>b.png</filename><size><width>7</width><height>5</height></size>"
    )
    assert (read_voc_xml(named).file_name, read_voc_xml(named).height) == ("b.png", 5)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (OBJECT.format("", EDGES, ""), "an object has no name"),
        (OBJECT.format("cat", EDGES.replace("ymax", "yend"), ""), "an object has no bndbox/ymax"),
        (OBJECT.format("cat", EDGES.replace("30", "wide"), ""), "wide"),
        ("<object>", "mismatched tag"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_file(tmp_path, content, words):
    with pytest.raises(DataError, match=rf"a\.xml.*: .*{words}"):
        read_voc_xml(written(tmp_path, content))


def test_an_encoding_that_does_not_exist_is_an_error_about_the_file(tmp_path):
    (tmp_path / "a.xml").write_text('<?xml version="1.0" encoding="foo"?><annotation/>')
    with pytest.raises(DataError, match=r"a\.xml as XML: unknown encoding"):
        read_voc_xml(tmp_path / "a.xml")


def test_a_folder_has_the_classes_of_its_objects_in_order(tmp_path):
    write_voc(tmp_path / "deep", [ImageAnnotation("b/2.jpg", 50, 50, (Box("dog", 0, 0, 9, 9),))])
    write_voc(tmp_path, [ImageAnnotation("1.jpg", 50, 50, (Box("cat", 0, 0, 9, 9),))])
    found = read_voc_folder(tmp_path)
    assert found.classes == ("cat", "dog")
    assert [image.file_name for image in found.images] == ["1.jpg", "deep/b/2.jpg"]


def test_boxes_survive_a_file_to_half_a_pixel(tmp_path):
    boxes = (Box("cat", 0, 0, 40, 30, 0.123456, True), Box("dög & <co>", 1.4, 2.6, 10.5, 29.7))
    write_voc(tmp_path, [ImageAnnotation("a.jpg", 40, 30, boxes)])
    found = read_voc_xml(tmp_path / "a.xml").boxes
    for one, two in zip(found, boxes, strict=True):
        assert (one.label, one.score, one.difficult) == (two.label, two.score, two.difficult)
        assert (one.x1, one.y1, one.x2, one.y2) == pytest.approx((two.x1, two.y1, two.x2, two.y2), abs=0.5)


def test_written_edges_are_whole_pixels_inside_the_image(tmp_path):
    write_voc(tmp_path, [ImageAnnotation("a.jpg", 40, 30, (Box("cat", -3.0, 29.9, 45.0, 30.0),))])
    edges = [edge.text for edge in ET.parse(tmp_path / "a.xml").find("object/bndbox")]
    assert edges == ["1", "30", "40", "30"]


def test_boxes_on_an_image_of_unknown_size_are_refused_before_anything_is_written(tmp_path):
    sized = ImageAnnotation("a.jpg", 40, 30)
    with pytest.raises(DataError, match=r"boxes but no size.*\n  b\.jpg"):
        write_voc(tmp_path / "to", [sized, ImageAnnotation("b.jpg", 0, 0, (Box("cat", 0, 0, 1, 1),))])
    assert not (tmp_path / "to").exists()


def test_sizes_and_edges_with_a_point_are_read(tmp_path):
    head = "<size><width>160.0</width><height>120.0</height></size>"
    found = read_voc_xml(written(tmp_path, OBJECT.format("cat", EDGES.replace("30", "30.5"), ""), head=head))
    assert (found.width, found.height, found.boxes[0].x2) == (160, 120, 30.5)


@pytest.mark.parametrize("value", ["nan", "inf", "1e300"])
def test_an_edge_that_is_no_number_is_refused_by_file(tmp_path, value):
    with pytest.raises(DataError, match=rf"a\.xml: '{value}' is no number"):
        read_voc_xml(written(tmp_path, OBJECT.format("cat", EDGES.replace("30", value), "")))


def test_an_object_without_an_inside_keeps_its_class_and_is_counted(tmp_path):
    written(tmp_path, OBJECT.format("cat", EDGES.replace("30", "-30"), ""))
    found = read_voc_folder(tmp_path)
    assert (found.images[0].boxes, found.images[0].labels, found.classes) == ((), ("cat",), ("cat",))
    assert "files have objects without an inside" in found.notes[0]


def test_equal_names_in_two_folders_are_two_images(tmp_path):
    for folder in "ab":
        write_voc(tmp_path / folder, [ImageAnnotation("6.jpg", 50, 50, (Box(folder, 0, 0, 9, 9),))])
    found = read_voc_folder(tmp_path)
    assert {image.file_name: image.boxes[0].label for image in found.images} == {
        "a/6.jpg": "a",
        "b/6.jpg": "b",
    }


def test_every_file_that_cannot_be_read_is_listed_and_hidden_ones_are_passed_over(tmp_path):
    write_voc(tmp_path, [ImageAnnotation("a.jpg", 50, 50)])
    for name in ("._a.xml", ".ipynb_checkpoints/a.xml", "__MACOSX/a.xml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0")
    found = read_voc_folder(tmp_path).images
    assert [image.file_name for image in found] == ["a.jpg"]
    assert "hidden files were passed over (3: " in read_voc_folder(tmp_path).notes[0]
    for name in ("b.xml", "c.XML"):
        (tmp_path / name).write_bytes(b"\xff")
    with pytest.raises(DataError, match=r"2 of the 3 VOC annotations"):
        read_voc_folder(tmp_path)


@pytest.mark.parametrize("name", ["../../x.jpg", "/x.jpg", "C:\\x.jpg"])
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    write_voc(tmp_path / "a" / "b", [ImageAnnotation(name, 9, 9)])
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.xml")] == ["a/b/x.xml"]


@pytest.mark.parametrize("name", ["a.png", "A.jpg"])
def test_images_that_would_share_a_file_are_refused_before_anything_is_written(tmp_path, name):
    with pytest.raises(DataError, match=f"a.jpg and {name}"):
        write_voc(tmp_path / "to", [ImageAnnotation("a.jpg", 9, 9), ImageAnnotation(name, 9, 9)])
    assert not (tmp_path / "to").exists()
