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
        "line 2 is no JSON",
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


def refusal(folder: Path, *lines: object) -> str:
    path = write(folder, {"file_name": "a.png", "labels": ["cat"]}, *lines)
    with pytest.raises(DataError) as caught:
        read_labels(folder, path)
    str(caught.value).encode()  # it can be printed
    return str(caught.value)


@pytest.mark.parametrize(
    "labels", [1.5, True, {"cat": 1}, [["cat"]], ["cat", None], [""], ["cat", " "], [{}], [1e400]]
)
def test_labels_of_another_kind_are_named_by_line(tmp_path, photograph, labels):
    photograph("a.png")
    photograph("b.png")
    found = refusal(tmp_path, {"file_name": "b.png", "labels": labels})
    assert "metadata.jsonl line 2, 'labels': must be a list of names" in found


def test_null_labels_are_unknown_and_not_absent(tmp_path, photograph):
    photograph("a.png")
    photograph("b.png")
    write(tmp_path, {"file_name": "a.png", "labels": "cat"}, {"file_name": "b.png", "labels": None})
    found = read_labels(tmp_path)
    assert [record.file_name for record in found.records] == ["a.png"]
    assert any("1 of 2 images are left out" in note and "line 2" in note for note in found.notes)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"file_name": "a\\u0000.png", "labels": []}', "line 2: no file"),
        ('{"file_name": "\\ud800.png", "labels": []}', "line 2: no file"),
        ('{"file_name": "b.png", "labels": ["\\ud800"]}', "control character"),
        ('{"file_name": "b.png", "labels": ["c\\u0000t"]}', "control character"),
        ("[" * 100_000, "line 2 is nested too deeply"),
        ('{"file_name": "b.png", "labels": ' + "7" * 5000 + "}", "line 2 holds a number that is too long"),
        ("[1]", "line 2: must be an object"),
        ("null", "line 2: must be an object"),
        ('{"file_name": 3, "labels": []}', "line 2: no file_name"),
        (
            '{"file_name": "b.png", "labels": ["cat"], "labels": ["dog"]}',
            "line 2: the key 'labels' is there more",
        ),
        ('{"file_name": "b.png", "labels": ["cat"], "unknown": ["dgo"]}', "'dgo' as unknown"),
        (
            '{"file_name": "b.png", "labels": ["cat"], "weight": NaN}',
            "line 2, 'weight': must be a text or a num",
        ),
        ('{"file_name": "b.png", "labels": ["cat"], "weight": -1}', "line 2: weight '-1'"),
        ('{"file_name": "b.png", "labels": ["cat"], "weight": true}', "line 2: weight 'True'"),
        ('{"file_name": "b.png", "labels": ["cat"], "group": {"a": 1}}', "line 2, 'group': must be a text"),
        ('{"file_name": "b.png", "labels": ["cat"], "split": "tset"}', "split 'tset' is none of"),
    ],
)
def test_a_hostile_line_is_named(tmp_path, photograph, line, words):
    photograph("a.png")
    photograph("b.png")
    assert words in refusal(tmp_path, line)


@pytest.mark.parametrize("damage", [b"\0", b"\xff\xfe", b"\x80"])
def test_what_is_no_text_is_named_by_row(tmp_path, photograph, damage):
    photograph("a.png")
    path = write(tmp_path, {"file_name": "a.png", "labels": ["cat"]})
    path.write_bytes(path.read_bytes() + b'{"file_name": "' + damage + b'"}\n')
    with pytest.raises(DataError, match=r"metadata\.jsonl row 2"):
        read_labels(tmp_path)


def test_line_ends_inside_names_and_other_encodings_read(tmp_path, photograph):
    photograph("a.png")
    path = tmp_path / "metadata.jsonl"
    path.write_bytes('{"file_name": "a.png", "labels": ["cat"], "note": "a\u2028b"}\r\n'.encode("utf-16"))
    assert read_labels(tmp_path).classes == ("cat",)
