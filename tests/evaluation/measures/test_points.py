"""Where, as a point: the highest cell of each map against true boxes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from weldon.data import Box, Geometry, Record
from weldon.evaluation.measures.measure import ImageMaps
from weldon.evaluation.measures.points import PointMeasure, boxes_as_tensors

CLASSES = ("cat", "dog")
GEOMETRY = Geometry(800, 400, 64, "warp")  # 8 x 8 cells of 100 x 50 pixels; 18 of 500 are 28.8 of 800


def answer(number: int, name: str, *, cat: tuple[int, int], score: float) -> ImageMaps:
    """An image whose cat map is highest in one cell, its dog map in the first."""
    maps = torch.zeros(2, 8, 8)
    maps[0][cat] = 1.0
    record = Record(Path(name), name, frozenset())
    return ImageMaps(number, record, torch.tensor([score, -score]), GEOMETRY, maps)


def cell(row: int, col: int, label: str = "cat", **options) -> Box:
    """The box of a cell; its centre is 50 pixels from its sides."""
    return Box(label, 100 * col, 50 * row, 100 * (col + 1), 50 * (row + 1), **options)


def test_a_point_in_the_box_counts_and_one_beside_it_is_a_false_alarm():
    boxes = {"a": (cell(2, 3),), "b": (cell(5, 5),)}
    measure = PointMeasure(boxes, CLASSES)
    measure.update(answer(0, "a", cat=(2, 3), score=1.0))
    measure.update(answer(1, "b", cat=(5, 7), score=2.0))  # ranked first, and wrong
    figures = measure.figures()
    assert figures.overall["pointing_accuracy"] == 0.5
    assert figures.per_class["cat"]["pointwise"] == pytest.approx(0.25)  # recall 1/2 at precision 1/2


@pytest.mark.parametrize(("gap", "right"), [(28, 1.0), (30, 0.0)])
def test_the_tolerance_grows_with_the_image(gap, right):
    box = Box("cat", 350 + gap, 0, 800, 400)  # the point lies at x = 350
    measure = PointMeasure({"a": (box,)}, CLASSES)
    measure.update(answer(0, "a", cat=(4, 3), score=1.0))
    assert measure.figures().overall["pointing_accuracy"] == right


def test_an_image_without_the_class_is_ranked_and_one_that_is_not_listed_is_not():
    measure = PointMeasure({"a": (cell(2, 3),), "empty": ()}, CLASSES)
    measure.update(answer(0, "a", cat=(2, 3), score=1.0))
    measure.update(answer(1, "empty", cat=(2, 3), score=3.0))
    measure.update(answer(2, "stranger", cat=(2, 3), score=2.0))
    figures = measure.figures()
    assert figures.per_class["cat"]["pointwise"] == pytest.approx(0.5)  # second of two
    assert figures.overall["pointing_accuracy"] == 1.0


def test_an_image_with_only_difficult_objects_of_a_class_is_left_out_of_it():
    doubtful = (cell(2, 3, difficult=True), cell(0, 0, "dog"))
    mixed = (cell(2, 3, difficult=True), cell(4, 4))
    measure = PointMeasure({"a": (cell(2, 3),), "doubtful": doubtful, "mixed": mixed}, CLASSES)
    measure.update(answer(0, "a", cat=(2, 3), score=1.0))
    measure.update(answer(1, "doubtful", cat=(2, 3), score=3.0))
    measure.update(answer(2, "mixed", cat=(7, 7), score=0.0))
    figures = measure.figures()
    assert figures.per_class["cat"]["pointwise"] == pytest.approx(0.5)  # first of two found, then none
    assert figures.per_class["dog"]["pointwise"] == pytest.approx(1 / 3)  # found, and ranked last of three


def test_a_run_of_one_class_is_measured_like_any_other():
    measure = PointMeasure({"a": (cell(2, 3),)}, ("cat",))
    one = answer(0, "a", cat=(2, 3), score=1.0)
    measure.update(replace(one, scores=one.scores[:1], maps=one.maps[:1]))
    assert measure.figures().per_class == {"cat": {"pointwise": 1.0}}


def test_a_class_in_few_images_is_left_out_of_the_mean():
    boxes = {"a": (cell(0, 0), cell(0, 0, "dog")), "b": (cell(1, 1),)}
    measure = PointMeasure(boxes, CLASSES, min_positives=2)
    measure.update(answer(0, "a", cat=(0, 0), score=1.0))
    measure.update(answer(1, "b", cat=(5, 5), score=2.0))
    figures = measure.figures()
    assert figures.overall["pointwise"] == figures.per_class["cat"]["pointwise"] == pytest.approx(0.25)
    assert figures.per_class["dog"]["pointwise"] == 1.0


def test_several_boxes_of_a_class_are_one_image_with_it():
    measure = PointMeasure({"a": (cell(0, 0), cell(7, 7))}, CLASSES, min_positives=2)
    measure.update(answer(0, "a", cat=(7, 7), score=1.0))
    figures = measure.figures()
    assert figures.overall["pointing_accuracy"] == 1.0
    assert figures.overall["pointwise"] != figures.overall["pointwise"]  # one image: too few


def test_strangers_and_difficult_boxes_are_left_out():
    corners, labels = boxes_as_tensors(
        [cell(0, 1, "dog"), cell(1, 1, "horse"), cell(2, 2, difficult=True), cell(3, 3)], CLASSES
    )
    assert labels.tolist() == [1, 0]
    assert corners.tolist() == [[100, 0, 200, 50], [300, 150, 400, 200]]


def test_no_box_is_no_row():
    corners, labels = boxes_as_tensors([], CLASSES)
    assert (tuple(corners.shape), tuple(labels.shape), labels.dtype) == ((0, 4), (0,), torch.long)
