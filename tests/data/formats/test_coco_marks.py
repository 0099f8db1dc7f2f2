"""One annotation of a COCO file: where it is, in every form, and what is left out of it."""

from __future__ import annotations

import pytest

from weldon.data.formats.annotation import Polygon
from weldon.data.formats.coco_marks import Mark, read_mark
from weldon.data.formats.left_out import LeftOut
from weldon.data.record import Box

TRIANGLE = [1, 2, 5, 2, 5, 8]
CORNERS = ((1.0, 2.0), (5.0, 2.0), (5.0, 8.0))


def read(**entry) -> tuple[Mark, tuple[str, ...]]:
    """Return the mark of a cat, and what was left out of it."""
    left = LeftOut("c.json")
    return read_mark(entry, "cat", "annotation 7", left), left.notes()


def test_a_box_is_its_edges_with_score_and_crowd():
    mark, notes = read(bbox=[1, "2.5", 10, 20], score="0.5", iscrowd=1)
    assert mark == Mark("cat", Box("cat", 1, 2.5, 11, 22.5, 0.5, difficult=True))
    assert notes == ()


@pytest.mark.parametrize("outlines", [[TRIANGLE], TRIANGLE], ids=["a list of outlines", "one outline"])
def test_outlines_without_a_box_have_the_box_around_them(outlines):
    mark, _ = read(segmentation=outlines)
    assert mark == Mark("cat", Box("cat", 1, 2, 5, 8), (Polygon("cat", CORNERS),))


def test_run_lengths_have_the_box_around_their_pixels():
    # a picture 3 high and 4 wide, column by column: 4 pixels before, 2 of the mask, 6 behind
    mark, _ = read(segmentation={"size": [3, 4], "counts": [4, 2, 6]})
    assert mark == Mark("cat", Box("cat", 1, 1, 2, 3))


@pytest.mark.parametrize("entry", [{}, {"bbox": []}, {"bbox": None, "segmentation": []}])
def test_an_annotation_that_does_not_say_where_keeps_its_class(entry):
    assert read(**entry) == (Mark("cat", None), ())


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"bbox": [1, 1, 0, 5]}, "boxes without an inside"),
        ({"segmentation": [[1, 1, 2, 2]]}, "outlines of fewer than three corners"),
        ({"segmentation": [[1, 1, 2, 2, 3, 3, 4]]}, "outlines of fewer than three corners"),
        ({"segmentation": {"size": [2, 2], "counts": [4]}}, "masks hold no pixel or cannot be read"),
        ({"segmentation": {"counts": [1, 1]}}, "masks hold no pixel or cannot be read"),
    ],
)
def test_a_place_that_cannot_be_used_is_counted_with_the_annotation(entry, said):
    mark, (note,) = read(**entry)
    assert (mark.label, mark.box, mark.polygons) == ("cat", None, ())
    assert said in note
    assert "(annotation 7)" in note


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"bbox": [1, 2, 3]}, "its bbox must be four numbers"),
        ({"bbox": [1, 2, 3, "wide"]}, "'wide' is no number"),
        ({"segmentation": "x"}, "must be a list or run lengths"),
        ({"segmentation": [TRIANGLE, 3]}, "mixes lists and 3"),
        ({"score": "sure"}, "'sure' is no number"),
    ],
)
def test_numbers_that_are_none_are_refused(entry, words):
    with pytest.raises(ValueError, match=words):
        read(**entry)
