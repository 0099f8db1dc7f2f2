"""Which classes: figures by hand, unknown cells and rare classes left out."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from weldon.data import Record
from weldon.evaluation.measures.classes import ClassMeasure
from weldon.evaluation.measures.measure import ImageScores


def measured(scores, target, *, known=None, classes="ab", task="multilabel", **options):
    target = torch.tensor(target, dtype=torch.float32)
    known = torch.ones_like(target, dtype=torch.bool) if known is None else torch.tensor(known)
    measure = ClassMeasure(target, known, tuple(classes), task=task, **options)
    for number, row in enumerate(scores):
        measure.update(ImageScores(number, Record(Path("x"), "x", frozenset()), torch.tensor(row)))
    return measure.figures()


SCORES = [[4.0, 1.0], [3.0, 2.0], [2.0, 3.0], [1.0, 4.0]]
TARGET = [[1, 0], [0, 0], [1, 0], [0, 1]]  # a: 1 0 1 0, AP (1 + 2/3) / 2; b: right at the top, AP 1


def test_average_precision_by_hand():
    figures = measured(SCORES, TARGET)
    assert figures.overall["map"] == pytest.approx((5 / 6 + 1) / 2)
    assert (figures.overall["images"], figures.overall["classes_measured"]) == (4, ["a", "b"])
    assert figures.per_class["a"] == pytest.approx({"ap": 5 / 6, "positives": 2})
    assert figures.per_class["b"] == {"ap": 1.0, "positives": 1}


def test_the_surest_class_of_an_image_is_right_or_wrong():
    # the surest classes are a, a, b, b: right in the first and the last; the second image has no class
    assert measured(SCORES, TARGET).overall["hit_at_one"] == pytest.approx(2 / 3)


def test_what_is_not_known_does_not_count():
    known = [[True, True], [False, True], [True, True], [True, True]]
    figures = measured(SCORES, TARGET, known=known)
    assert figures.per_class["a"]["ap"] == 1.0  # the false alarm of the second image is gone


def test_rare_classes_have_a_figure_but_are_not_in_the_mean():
    figures = measured(SCORES, TARGET, min_positives=2)
    assert figures.overall["classes_measured"] == ["a"]
    assert figures.overall["map"] == pytest.approx(5 / 6)
    assert figures.per_class["b"]["ap"] == 1.0


def test_one_image_of_one_class_is_a_set():
    figures = measured([[1.0]], [[1.0]], classes="a")
    assert (figures.overall["images"], figures.overall["map"]) == (1, 1.0)


def test_images_may_come_in_any_order_and_twice():
    shuffled = ClassMeasure(
        torch.tensor(TARGET).float(), torch.ones(4, 2, dtype=torch.bool), "ab", task="multilabel"
    )
    for number in (3, 1, 0, 1, 2):
        shuffled.update(
            ImageScores(number, Record(Path("x"), "x", frozenset()), torch.tensor(SCORES[number]))
        )
    assert shuffled.figures().overall == measured(SCORES, TARGET).overall


def test_one_class_an_image_is_measured_by_accuracy():
    # three of four right; of the two with a one is right, of the two with b both
    figures = measured(
        [[2.0, 0.0], [0.0, 2.0], [0.0, 2.0], [0.0, 2.0]],
        [[1, 0], [1, 0], [0, 1], [0, 1]],
        task="multiclass",
    )
    assert figures.overall["accuracy"] == 0.75
    assert figures.overall["accuracy_per_class_mean"] == 0.75
    assert not {"hit_at_one", "accuracy_top5"} & figures.overall.keys()


def test_five_guesses_are_counted_where_there_are_more_than_five_classes():
    scores = [[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]] * 2
    figures = measured(
        scores, [[0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 1]], classes="abcdef", task="multiclass", min_positives=1
    )
    assert (figures.overall["accuracy"], figures.overall["accuracy_top5"]) == (0.0, 0.5)
