"""What is written as JSON can be read by any reader of JSON."""

from __future__ import annotations

import json

import pytest

from weldon.json_values import json_values


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_no_number_is_null_however_deep_it_lies(number):
    text = json.dumps(json_values({"a": [{"b": (1, number)}]}), allow_nan=False)
    assert json.loads(text) == {"a": [{"b": [1, None]}]}


def test_everything_else_stays():
    values = {"a": [1, 0.5, True, None, "x"]}
    assert json_values(values) == values
