"""Figures as the page prints them."""

from __future__ import annotations

import pytest

from weldon.report.page import minus, percent, share, signed, sortable

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0.0"), (1.0, "100.0"), (0.12345, "12.3"), (None, "–"), (NAN, "–")]
)
def test_percent_has_one_decimal_or_a_dash(value, text):
    assert percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.0049, "<1"), (0.005, "0"), (0.006, "1"), (1.0, "100"), (NAN, "")]
)
def test_a_small_share_is_not_called_none(value, text):
    assert share(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "+0.00"), (-0.0, "+0.00"), (-0.001, "+0.00"), (-1.25, "−1.25"), (12.5, "+12.50")],
)
def test_a_score_has_a_sign_and_nothing_has_no_minus(value, text):
    assert signed(value) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-0.5 and (-2)", "−0.5 and (−2)"),
        ("rolled-in-scale-3", "rolled-in-scale-3"),
        ("2-3", "2-3"),
        ("a - b", "a - b"),
    ],
)
def test_only_numbers_get_a_true_minus(text, shown):
    assert minus(text) == shown


def test_cells_sort_by_their_value_and_empty_ones_last():
    assert [sortable(value) for value in (0.25, 3, NAN, "Löwe")] == ["0.25", "3", "", "Löwe"]
