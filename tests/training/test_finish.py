"""Thresholds and figures per class, by hand."""

from __future__ import annotations

import pytest
import torch

from weldon.training.finish import (
    fit_thresholds,
    per_class_rows,
    precision_recall,
)
from weldon.training.scoring import ScoredSet

CLASSES = ("cat", "dog")


def scored(scores, target, known=None) -> ScoredSet:
    scores, target = torch.tensor(scores), torch.tensor(target)
    known = torch.ones_like(target, dtype=torch.bool) if known is None else torch.tensor(known)
    return ScoredSet(scores, target, known, torch.arange(len(scores)), 2.5)


def test_a_threshold_lies_between_the_images_with_the_class_and_those_without():
    apart = scored(
        [[score, -score] for score in (5.0, 4.0, 3.0, 2.0, 1.0, -3.0)], [[1.0, 0.0]] * 5 + [[0.0, 1.0]]
    )
    found = fit_thresholds(apart, CLASSES)
    assert found.classes["cat"] == -1.0  # midway between 1 and -3
    assert found.map_scale == 2.5


def test_figures_of_a_class_by_hand():
    # cat: ranked 1 0 1 0, AP (1 + 2/3) / 2; three are chosen, two of them rightly
    # dog: the second image is not known; of the others 1, 0 and -1 are the scores, with, without and with
    found = per_class_rows(
        scored(
            [[3.0, 1.0], [2.0, 1.0], [1.0, -1.0], [0.0, 0.0]],
            [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0]],
            [[True, True], [True, False], [True, True], [True, True]],
        ),
        CLASSES,
        {"cat": 0.5, "dog": 0.0},
    )
    cat, dog = found
    assert cat == pytest.approx(
        {"class": "cat", "positives": 2, "unknown": 0, "ap": 5 / 6, "threshold": 0.5}
        | {"precision": 2 / 3, "recall": 1.0, "f1": 0.8}
    )
    assert dog == pytest.approx(
        {"class": "dog", "positives": 2, "unknown": 1, "ap": 5 / 6, "threshold": 0.0}
        | {"precision": 0.5, "recall": 0.5, "f1": 0.5}
    )


def test_nothing_chosen_and_nothing_to_choose_is_zero_not_an_error():
    none, some = torch.tensor([False, False]), torch.tensor([True, False])
    zero = {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    assert (
        precision_recall(none, some) == precision_recall(some, none) == precision_recall(none, none) == zero
    )
