"""Names of one side find those of the other, each once, or the doubt is said."""

from __future__ import annotations

import pytest

from weldon.data.match_names import match_names
from weldon.errors import DataError


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("a.jpg", "a.jpg"),
        ("a.jpg", "a"),
        ("a.jpg", "a.png"),
        ("day/a.jpg", "a.xml"),
        ("a.jpg", "C:\\data\\a.jpg"),
        ("photos/day/a.jpg", "/home/x/day/a.jpg"),
        ("a.v2.jpg", "a.v2"),
        ("cafe\u0301.jpg", "caf\u00e9.jpg"),
        ("a.jpg", "0a1b2c3d-a.jpg"),
    ],
)
def test_one_image_under_two_names_is_found(name, given):
    assert match_names([name, "other.png"], [given, "more"]) == {name: given}


def test_equal_names_in_two_folders_are_matched_by_path():
    names = ["x/a/6.jpg", "x/b/6.jpg", "x/b/7.jpg"]
    assert match_names(names, ["b/6", "a/6", "b/7", "c/8"]) == {
        "x/a/6.jpg": "a/6",
        "x/b/6.jpg": "b/6",
        "x/b/7.jpg": "b/7",
    }


@pytest.mark.parametrize(
    ("names", "given"),
    [
        (["a/6.jpg", "b/6.jpg"], ["6.jpg"]),
        (["6.jpg"], ["a/6.jpg", "b/6.jpg"]),
        (["a.jpg", "a.png"], ["a.xml"]),
    ],
)
def test_a_name_that_could_mean_two_images_is_refused_with_both(names, given):
    with pytest.raises(DataError) as caught:
        match_names(names, given)
    assert all(name in str(caught.value) for name in (*names, *given))


def test_an_equal_name_goes_before_an_alike_one():
    assert match_names(["a.jpg", "a.png"], ["a.jpg"]) == {"a.jpg": "a.jpg"}
    assert match_names(["a.png", "a.jpg"], ["a.jpg", "a.png"]) == {"a.jpg": "a.jpg", "a.png": "a.png"}


def test_names_that_are_none_match_nothing():
    assert match_names(["", "/", "a.jpg"], ["", ".", "b"]) == {"": ""}
