"""When a class is predicted, and with which probability."""

from __future__ import annotations

import math

import pytest
import torch

from weldon.errors import UsageError
from weldon.inference.decision import Decision
from weldon.runs.calibration_file import Calibration

CLASSES = ("cat", "dog", "cow")


def test_a_score_at_its_threshold_is_predicted_and_one_just_below_is_not():
    decision = Decision(CLASSES, "multilabel", {"cat": 1.0, "dog": 1.0, "cow": 1.0})
    assert decision.labels(torch.tensor([1.0, 0.999, 5.0])) == ["cow", "cat"]


def test_a_class_without_a_threshold_is_predicted_from_a_probability_of_one_half():
    decision = Decision(CLASSES, "multilabel", {"dog": -2.0})
    assert decision.labels(torch.tensor([-0.1, -1.0, 0.0])) == ["cow", "dog"]


def test_one_label_an_image_needs_no_threshold_to_be_reached():
    decision = Decision(CLASSES, "multiclass", {"cat": 0.0, "dog": 0.0, "cow": 0.0})
    assert decision.labels(torch.tensor([-3.0, -1.0, -2.0])) == ["dog"]


@pytest.mark.parametrize(("task", "expected"), [("multilabel", [0.5, 0.5]), ("multiclass", [0.5, 0.5])])
def test_probabilities_are_those_of_the_calibrated_scores(task, expected):
    calibration = Calibration(torch.tensor([2.0, 1.0]).double(), torch.tensor([-6.0, -1.0]).double())
    decision = Decision(("cat", "dog"), task, {}, calibration=calibration)
    assert decision.probabilities(torch.tensor([3.0, 1.0])).tolist() == expected


def test_of_equal_scores_the_first_class_comes_first():
    scores = torch.zeros(3)
    assert Decision(CLASSES, "multiclass", {}).labels(scores) == ["cat"]
    assert Decision(CLASSES, "multilabel", {}).labels(scores) == list(CLASSES)


def test_probabilities_by_hand():
    scores = torch.tensor([0.0, math.log(3), math.log(4)])
    apart = Decision(CLASSES, "multilabel", {}).probabilities(scores)
    together = Decision(CLASSES, "multiclass", {}).probabilities(scores)
    assert apart.tolist() == pytest.approx([1 / 2, 3 / 4, 4 / 5])
    assert together.tolist() == pytest.approx([1 / 8, 3 / 8, 4 / 8])


def test_extreme_scores_in_half_precision_keep_their_order_below_one():
    chances = Decision(CLASSES, "multilabel", {}).probabilities(torch.tensor([20.0, 25.0, -25.0]).half())
    assert 1 > chances[1] > chances[0] > chances[2] > 0


def test_a_class_is_found_by_name_and_a_stranger_gets_the_choices():
    decision = Decision(CLASSES, "multilabel", {})
    assert [decision.index(name) for name in CLASSES] == [0, 1, 2]
    with pytest.raises(UsageError, match="cat, dog, cow, got 'Cat'"):
        decision.index("Cat")


def test_an_unknown_task_and_a_threshold_of_a_stranger_are_refused():
    with pytest.raises(UsageError, match="multilabel, multiclass, got 'single'"):
        Decision(CLASSES, "single", {})
    with pytest.raises(UsageError, match=r"cat, dog, cow, got \['hen', 'pig'\]"):
        Decision(CLASSES, "multilabel", {"pig": 0.0, "cat": 0.0, "hen": 0.0})
