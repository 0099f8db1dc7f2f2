"""One image by named values."""

from __future__ import annotations

import pytest

from weldon.data.labels.entry_row import entry_row, tells_labels


@pytest.mark.parametrize(
    "entry",
    [
        {"file_name": "a.png", "objects": {"bbox": [[0, 0, 1, 1]] * 2, "categories": ["dog", "cat"]}},
        {"image_file_name": "a.png", "objects": [{"category": "dog"}, {"category": "cat"}]},
        {"file_name": "a.png", "labels": ["cat", "dog"], "objects": {"categories": [3]}},
    ],
)
def test_what_is_drawn_on_an_image_are_its_labels(entry):
    problems: list[str] = []
    row = entry_row(entry, "m line 1", "group", problems)
    assert not problems
    assert row is not None
    assert (row.record.file_name, row.record.labels) == ("a.png", {"cat", "dog"})
    assert tells_labels(entry)


@pytest.mark.parametrize("entry", [{"file_name": "a.png", "text": "a cat"}, {"labels": ["cat"]}, [], None])
def test_captions_and_lists_tell_no_labels(entry):
    assert not tells_labels(entry)


def test_an_object_without_a_category_is_a_problem():
    problems: list[str] = []
    entry_row({"file_name": "a.png", "objects": [{"bbox": []}]}, "m line 1", "group", problems)
    assert problems == ["m line 1, 'objects': must be a list of names, got [None]"]


@pytest.mark.parametrize(
    ("entry", "told"),
    [({"label": ""}, False), ({"label": []}, True), ({"labels": ""}, True), ({"label": None}, False)],
)
def test_an_empty_text_for_the_one_label_says_nothing(entry, told):
    assert entry_row({"file_name": "a.png", **entry}, "row 1", "group", []).told is told


def test_a_key_that_is_called_nearly_right_is_named():
    problems: list[str] = []
    entry_row({"file": "a.png", "labels": ["cat"]}, "row 1", "group", problems)
    entry_row({"file_name": "a.png", "lables": ["cat"]}, "row 2", "group", problems)
    assert "nearest is 'file'" in problems[0]
    assert "nearest is 'lables'" in problems[1]
