"""What is left out is counted by kind, with the first places."""

from __future__ import annotations

from weldon.data.formats.left_out import LeftOut


def test_each_kind_is_one_sentence_with_its_number_and_first_places():
    left = LeftOut("c.json")
    for number in range(7):
        left.add("boxes were left out", f"annotation {number}")
    left.add("masks were left out", "annotation 9")
    places = ", ".join(f"annotation {number}" for number in range(5))
    assert left.notes() == (
        f"c.json: boxes were left out (7: {places}, and 2 more)",
        "c.json: masks were left out (annotation 9)",
    )


def test_nothing_is_said_of_nothing():
    assert LeftOut("c.json").notes() == ()
