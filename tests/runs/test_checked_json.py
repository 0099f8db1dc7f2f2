"""JSON files of a run are checked by type, and every value that cannot be is named."""

from __future__ import annotations

import json

import pytest

from weldon.errors import DataError
from weldon.runs.checked_json import MOST_PROBLEMS, Fitted, Stored, read_stored


def written(tmp_path, values) -> object:
    path = tmp_path / "some.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def test_values_come_back_as_they_stand_with_those_nobody_asked_for(tmp_path):
    class Shares(Stored):
        thresholds: list[float]

    values = {"thresholds": [0.25, 0.75], "note": "mine"}
    assert read_stored(Shares, written(tmp_path, values)) == values


def test_a_value_that_was_not_fitted_is_null_or_no_number(tmp_path):
    class One(Stored):
        classes: dict[str, Fitted]

    assert read_stored(One, written(tmp_path, {"classes": {"a": None, "b": 1.5}}))["classes"]["b"] == 1.5
    read_stored(One, written(tmp_path, {"classes": {"a": float("nan")}}))
    with pytest.raises(DataError, match=r"\n  classes\.a"):
        read_stored(One, written(tmp_path, {"classes": {"a": float("-inf")}}))


def test_of_many_problems_the_first_are_listed(tmp_path):
    class Many(Stored):
        values: list[int]

    with pytest.raises(DataError) as error:
        read_stored(Many, written(tmp_path, {"values": ["x"] * 50}))
    assert len(str(error.value).splitlines()) == 1 + MOST_PROBLEMS
