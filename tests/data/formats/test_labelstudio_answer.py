"""What one person answered in Label Studio becomes boxes, points and polygons in pixels, and classes."""

from __future__ import annotations

import pytest

from weldon.data.formats.annotation import ImageAnnotation
from weldon.data.formats.labelstudio_answer import Answer
from weldon.data.formats.left_out import LeftOut

SIZE = {"original_width": 200, "original_height": 100}


def read(*results, left: LeftOut | None = None) -> ImageAnnotation:
    return Answer("task 1", left or LeftOut("export.json")).add(results).of("a.png", {})


def rectangle(*labels: str, **value) -> dict:
    place = {"x": 10, "y": 10, "width": 20, "height": 40, "rotation": 0}
    return {"type": "rectanglelabels", **SIZE, "value": {**place, "rectanglelabels": list(labels), **value}}


def test_a_turned_rectangle_gives_the_box_around_it():
    (box,) = read(rectangle("dog", rotation=90)).boxes
    # 40 x 40 pixels from (20, 10), turned clockwise by a quarter about that corner
    assert (box.x1, box.y1, box.x2, box.y2) == pytest.approx((-20, 10, 20, 50))


def test_points_and_polygons_are_pixels_of_the_upright_image():
    outline = {"points": [[0, 0], [10, 0], [10, 100]], "polygonlabels": ["dog"]}
    found = read(
        {"type": "keypointlabels", **SIZE, "value": {"x": 50, "y": 10, "keypointlabels": ["cat"]}},
        {"type": "polygonlabels", **SIZE, "value": outline},
    )
    assert [(point.label, point.x, point.y) for point in found.points] == [("cat", 100, 10)]
    assert found.polygons[0].points == ((0, 0), (20, 0), (20, 100))
    assert found.named == {"cat", "dog"}


def test_several_labels_of_one_rectangle_are_several_boxes():
    assert [box.label for box in read(rectangle("dog", "cat")).boxes] == ["dog", "cat"]


def test_a_region_without_an_inside_keeps_its_class():
    left = LeftOut("export.json")
    found = read(rectangle("dog", width=0), left=left)
    assert (found.boxes, found.labels) == ((), ("dog",))
    assert "boxes have no inside" in left.notes()[0]


def test_the_size_is_that_of_the_last_result_that_says_one():
    found = read(rectangle("dog"), {"type": "choices", "value": {"choices": ["cat"]}})
    assert (found.width, found.height) == (200, 100)


@pytest.mark.parametrize(("kind", "partial"), [("hologram", True), ("textarea", False)])
def test_what_is_not_understood_makes_the_answer_partial_and_what_names_no_class_does_not(kind, partial):
    assert read({"type": kind, "value": {kind: ["dog"]}}).partial is partial


@pytest.mark.parametrize("kind", ["choices", "rectanglelabels", "brushlabels", "taxonomy"])
def test_a_result_without_its_value_is_refused(kind):
    with pytest.raises(ValueError, match=f"kind '{kind}' has no value"):
        read({"type": kind})


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="surely"):
        read({"type": "choices", "score": "surely", "value": {"choices": ["dog"]}})
