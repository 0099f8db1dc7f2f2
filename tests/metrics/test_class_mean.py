"""The mean over classes never hides a class that it leaves out."""

from __future__ import annotations

import math
import warnings

import pytest
import torch

from weldon.metrics.class_mean import class_mean

NAN = float("nan")


def test_a_mean_of_all_classes_says_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert class_mean(torch.tensor([0.25, 0.75, 0.5])).item() == 0.5


def test_classes_without_a_figure_are_left_out_by_number():
    with pytest.warns(UserWarning, match="2 of 4 classes have nothing to measure .*: 0, 2$"):
        assert class_mean(torch.tensor([NAN, 0.25, NAN, 0.75])).item() == 0.5


def test_of_many_the_first_ten_are_named():
    values = torch.full((13,), NAN)
    values[12] = 1.0
    with pytest.warns(UserWarning, match=r"12 of 13 .*: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, \.\.\.$"):
        assert class_mean(values).item() == 1.0


def test_no_figure_at_all_is_no_mean_rather_than_zero():
    with pytest.warns(UserWarning, match="1 of 1"):
        assert math.isnan(class_mean(torch.tensor([NAN])).item())


def test_the_warning_points_at_the_code_that_asked_the_metric():
    def metric() -> torch.Tensor:
        return class_mean(torch.tensor([NAN, 1.0]))

    with pytest.warns(UserWarning, match="left out") as caught:
        metric()
    assert caught[0].filename == __file__
