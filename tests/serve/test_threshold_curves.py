"""Precision and recall along a threshold are those that a count gives."""

from __future__ import annotations

import pytest
import torch

from weldon.serve.threshold_curves import STEPS, threshold_curve, threshold_curves


def test_each_step_equals_a_count_by_hand():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(300, generator=generator)
    present = torch.rand(300, generator=generator) < 0.3
    curve = threshold_curve(scores, present, 0.25)
    assert 0.25 in curve.thresholds
    assert len(curve.thresholds) <= STEPS + 2
    for place, precision, recall in zip(curve.thresholds, curve.precision, curve.recall, strict=True):
        chosen = [bool(p) for s, p in zip(scores.tolist(), present.tolist(), strict=True) if s >= place]
        assert precision == (sum(chosen) / len(chosen) if chosen else None)
        assert recall == pytest.approx(sum(chosen) / int(present.sum()))


def test_the_first_step_takes_every_image_and_the_last_none():
    curve = threshold_curve(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([True, False, True]), 2.5)
    assert curve.predicted[0] == 3
    assert curve.predicted[-1] == 0


def test_unknown_labels_are_left_out_and_a_class_without_labels_has_no_curve():
    scores = torch.tensor([[1.0, 1.0], [2.0, 2.0]])
    target = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    known = torch.tensor([[True, False], [False, False]])
    curves = threshold_curves(scores, target, known, {"a": 0.0, "b": 0.0})
    assert list(curves) == ["a"]
    assert (curves["a"].images, curves["a"].positives) == (1, 1)


def test_a_class_that_no_image_has_has_no_recall():
    assert set(threshold_curve(torch.tensor([1.0]), torch.tensor([False]), 0.0).recall) == {None}
