"""Weights of images."""

from __future__ import annotations

import pytest

from weldon.data.labels.columns import parse_weight


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("1", 1.0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("2.", 2.0),
        ("1,5", 1.5),
        ("1e-3", 1e-3),
        ("0", 0.0),
        (None, 1.0),
    ],
)
def test_numbers_as_people_and_programs_write_them(text, weight):
    problems: list[str] = []
    assert parse_weight(text, "a.csv row 2", problems) == weight
    assert not problems


@pytest.mark.parametrize(
    "text",
    [
        "nan",
        "inf",
        "-inf",
        "-1",
        "-0.5",
        "1e400",
        "1e10",
        "heavy",
        "1_0",
        "1,000",
        "0x10",
        "1e",
        "True",
        "١",
        "--1",
    ],
)
def test_what_is_no_weight_is_named_with_its_row(text):
    problems: list[str] = []
    parse_weight(text, "a.csv row 2", problems)
    assert problems == [f"a.csv row 2: weight {text!r} is no number from 0 to 1e+09"]
