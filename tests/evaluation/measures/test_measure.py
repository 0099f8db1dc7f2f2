"""The figures of several measures stand in one object, those of a class in one row."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from weldon.evaluation.measures.measure import Figures, by_class, joined_figures


def stating(overall, per_class):
    return SimpleNamespace(figures=lambda: Figures(overall, per_class))


def test_figures_are_joined_in_the_order_of_the_measures():
    first = stating({"map": 0.5, "images": 2}, {"cat": {"ap": 0.5}})
    second = stating({"pxap": 0.25}, {"dog": {"pxap": 0.1}, "cat": {"pxap": 0.4}})
    joined = joined_figures([first, second])
    assert list(joined) == ["map", "images", "pxap", "per_class"]
    assert joined["per_class"] == {"cat": {"ap": 0.5, "pxap": 0.4}, "dog": {"pxap": 0.1}}


def test_columns_become_a_row_a_class_of_plain_numbers():
    rows = by_class(["cat", "dog"], ap=torch.tensor([0.5, 1.0]), positives=torch.tensor([3, 1]))
    assert rows == {"cat": {"ap": 0.5, "positives": 3}, "dog": {"ap": 1.0, "positives": 1}}
    assert type(rows["cat"]["positives"]) is int
