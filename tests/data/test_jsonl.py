"""Lines of JSON, as Hugging Face folders have them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weldon.data.labels import read_labels
from weldon.errors import DataError


def write(folder: Path, *lines: object) -> Path:
    path = folder / "metadata.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def test_lists_single_names_and_numbers_are_labels(tmp_path, photograph):
    for name in ("a.png", "sub/b.png", "c.png", "d.png"):
        photograph(name)
    write(
        tmp_path,
        {"file_name": "a.png", "labels": ["dog", "cat"], "split": "validation", "group": 7, "weight": 0.5},
        {"file_name": "sub/b.png", "labels": "cat", "split": "train"},
        "",
        {"file_name": "c.png", "label": 3, "split": "train"},
        {"file_name": "d.png", "tags": [], "unknown": ["cat"], "split": "train"},
    )
    with pytest.raises(DataError, match=r"'a\.png' has the label 'dog'"):
        read_labels(tmp_path)
    found = read_labels(tmp_path, classes=("3", "cat", "dog"))
    assert found.form == "jsonl"
    assert [sorted(record.labels) for record in found.records] == [["cat", "dog"], ["cat"], ["3"], []]
    first = found.records[0]
    assert (first.split, first.group, first.weight) == ("val", "7", 0.5)
    assert found.records[3].unknown == {"cat"}


def test_every_bad_line_is_named(tmp_path, photograph):
    photograph("a.png")
    write(
        tmp_path,
        {"file_name": "a.png", "labels": ["cat"]},
        '{"file_name": "b.png", "labels": [',
        ["a.png"],
        {"labels": ["cat"]},
        {"file_name": "a.png"},
        {"file_name": "a.png", "labels": {"cat": 1}},
        {"file_name": "gone.png", "labels": ["cat"]},
        {"file_name": "a.png", "labels": ["cat"], "unknown": ["cat"]},
    )
    with pytest.raises(DataError) as caught:
        read_labels(tmp_path)
    message = str(caught.value)
    for part in (
        "line 2: no JSON",
        "line 3: must be an object",
        "line 4: no file_name",
        "line 5: 'a.png' has no key `labels`",
        "line 6, 'labels': must be a list of names",
        "line 7: no file 'gone.png'",
        "line 8: cat is both present and unknown",
    ):
        assert part in message, message


def test_the_group_may_have_another_name(tmp_path, photograph):
    photograph("a.png")
    write(tmp_path, {"file_name": "a.png", "labels": ["cat"], "patient": "p1"})
    assert read_labels(tmp_path, group_col="patient").records[0].group == "p1"
    with pytest.raises(DataError, match="no line has a key 'scene'"):
        read_labels(tmp_path, group_col="scene")
