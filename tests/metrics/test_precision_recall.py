"""Curves and reports against scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import precision_recall_curve as sklearn_curve
from sklearn.metrics import precision_recall_fscore_support

from weldon.errors import UsageError
from weldon.metrics import precision_recall_curve, precision_recall_f1
from weldon.metrics.precision_recall import judge_choice


def drawn(generator):
    scores = torch.randint(-20, 20, (80, 4), generator=generator) / 2.0
    return scores, torch.rand(80, 4, generator=generator).lt(0.3)


def test_curve_equals_scikit_learn(generator):
    scores, target = drawn(generator)
    for c, curve in enumerate(precision_recall_curve(scores, target)):
        precision, recall, thresholds = sklearn_curve(target[:, c], scores[:, c])
        # theirs rises through the thresholds and ends in the point (1, 0)
        np.testing.assert_allclose(curve.precision.flip(0), precision[:-1], rtol=1e-6)
        np.testing.assert_allclose(curve.recall.flip(0), recall[:-1], rtol=1e-6)
        np.testing.assert_allclose(curve.thresholds.flip(0), thresholds)


def test_report_equals_scikit_learn(generator):
    scores, target = drawn(generator)
    thresholds = torch.tensor([0.0, 2.5, -3.0, 1.0])
    report = precision_recall_f1(scores, target, thresholds)
    precision, recall, f1, support = precision_recall_fscore_support(target, scores >= thresholds)
    for ours, theirs in zip(report, (support, precision, recall, f1), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_unknown_cells_are_left_out(generator):
    scores, target = drawn(generator)
    known = torch.rand(scores.shape, generator=generator).lt(0.5)
    report = precision_recall_f1(scores, target, torch.zeros(4), known)
    here = known[:, 2]
    alone = precision_recall_f1(scores[here], target[here], torch.zeros(4))
    assert [field[2] for field in report] == [field[2] for field in alone]


def test_what_does_not_exist_is_nan():
    scores = torch.tensor([[1.0, 1.0], [2.0, 2.0]])
    report = precision_recall_f1(scores, torch.tensor([[0, 1], [0, 0]]), torch.tensor([0.0, 5.0]))
    assert report.positives.tolist() == [0, 1]
    assert report.precision.isnan().tolist() == [False, True]
    assert report.recall.isnan().tolist() == [True, False]
    assert report.f1.isnan().tolist() == [True, False]


def test_one_threshold_a_class_is_asked_for():
    with pytest.raises(UsageError, match=r"thresholds must be \(2,\), got \(3,\)"):
        precision_recall_f1(torch.zeros(1, 2), torch.zeros(1, 2), torch.zeros(3))


def test_a_choice_by_hand():
    """Three chosen, two of them rightly, of four that have the class."""
    chosen = torch.tensor([True, True, True, False, False])
    present = torch.tensor([True, True, False, True, True])
    assert judge_choice(chosen, present) == pytest.approx((4, 2 / 3, 1 / 2, 4 / 7))


@pytest.mark.parametrize(
    ("chosen", "present", "figures"),
    [
        (False, True, (1, None, 0.0, 0.0)),
        (True, False, (0, 0.0, None, None)),
        (False, False, (0, None, None, None)),
    ],
)
def test_what_nothing_tells_is_no_number(chosen, present, figures):
    judged = judge_choice(torch.tensor([chosen]), torch.tensor([present]))
    assert tuple(None if value != value else value for value in judged) == figures


def test_no_class_gives_an_empty_report():
    report = precision_recall_f1(torch.zeros(3, 0), torch.zeros(3, 0), torch.zeros(0))
    assert [len(field) for field in report] == [0, 0, 0, 0]
