"""Each kind of option takes what it should and refuses the rest in words."""

from __future__ import annotations

import math

import pytest
from pydantic import TypeAdapter, ValidationError

from weldon.runs import option_kinds


def taken(kind: str, value):
    return TypeAdapter(getattr(option_kinds, kind)).validate_python(value)


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("Count", "20", 20),
        ("Count", "20%", 0.2),
        ("Count", "all", "all"),
        ("Object", '{"output_stride": 16}', {"output_stride": 16}),
        ("Colours", "0.5, 0.25,0", (0.5, 0.25, 0.0)),
        ("Deviations", (1, 2, 3), (1.0, 2.0, 3.0)),
        ("Share", "0.2", "0.2"),
        ("Device", "cpu", "cpu"),
    ],
)
def test_values_are_taken_as_people_write_them(kind, value, wanted):
    assert taken(kind, value) == wanted


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("Object", "{", "must be JSON"),
        ("Colours", "0.5,0.5", "Field required"),
        ("Colours", "nan,0,0", "finite number"),
        ("Deviations", "0,1,1", "greater than 0"),
        ("Share", "1", "a share between 0 and 1, a folder or a table"),
        ("Share", "0", "a share between 0 and 1, a folder or a table"),
        ("Finite", math.inf, "finite number"),
        ("Device", "warp9", "device must be auto"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(kind, value, words):
    with pytest.raises(ValidationError, match=words):
        taken(kind, value)


def test_a_share_may_be_a_place_that_is_there(tmp_path):
    assert taken("Share", str(tmp_path)) == str(tmp_path)
