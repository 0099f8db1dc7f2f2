"""Numbers of other tools are real ones, or are refused by value."""

from __future__ import annotations

import pytest

from weldon.data.formats.numbers import confidence, drawn_box, number, shortened, side
from weldon.data.record import Box


@pytest.mark.parametrize(
    "value", ["nan", float("inf"), "", "wide", None, True, [1], {}, 1e10, 10**400, "9" * 5000]
)
def test_what_no_picture_can_have_is_refused(value):
    with pytest.raises(ValueError, match="is no number that a picture can have"):
        number(value)


def test_a_side_may_be_untold_but_not_below_zero():
    assert [side(value) for value in (None, "", 0, "160.0")] == [0, 0, 0, 160]
    with pytest.raises(ValueError, match="-1"):
        side(-1)


def test_a_score_may_be_missing():
    assert (confidence(None), confidence(""), confidence("0.5")) == (None, None, 0.5)


def test_a_box_has_an_inside():
    assert drawn_box("cat", (0, 0, 2, 1), 0.5) == Box("cat", 0, 0, 2, 1, 0.5)
    assert drawn_box("cat", (2, 0, 2, 1)) is None
    assert drawn_box("cat", (0, 1, 2, 0)) is None


def test_a_message_repeats_no_more_than_a_line():
    assert len(shortened(["x" * 1000])) == 60
