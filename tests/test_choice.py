"""A name that is none of those there are is refused with the choices, and with the one that may be meant."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from weldon.choice import NamedValues, unknown_name
from weldon.errors import UsageError


@pytest.mark.parametrize(
    ("given", "end"),
    [
        ("hrose", "got 'hrose': did you mean 'horse'?"),
        ("Horse", "got 'Horse': did you mean 'horse'?"),
        ("zebra", "got 'zebra'"),
        ("x" * 300, f"got '{'x' * 100}'"),
        (3, "got 3"),
    ],
)
def test_the_nearest_name_is_named_where_one_is_alike(given, end):
    assert str(unknown_name("class", given, ["horse", "cow"])) == f"class must be one of horse, cow, {end}"


def test_of_many_names_some_are_shown_and_the_nearest_is_looked_for_among_all():
    said = str(unknown_name("class", "n0999x", [f"n{number:04}" for number in range(1000)]))
    assert said.startswith("class must be one of n0000, n0001, ")
    assert said.endswith("n0029 or 970 more, got 'n0999x': did you mean 'n0999'?")


def test_values_by_name_refuse_a_stranger_and_are_a_dictionary_else():
    values = NamedValues(horse=1.0, cow=2.0)
    with pytest.raises(UsageError, match="did you mean 'horse'"):
        values["hrose"]
    with pytest.raises(KeyError) as refused:
        values["hrose"]
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)  # as another process hands it
    assert (values.get("hrose"), values) == (None, {"horse": 1.0, "cow": 2.0})
    assert json.dumps(values) == '{"horse": 1.0, "cow": 2.0}'
    assert type(pickle.loads(pickle.dumps(copy.deepcopy(values)))) is NamedValues
