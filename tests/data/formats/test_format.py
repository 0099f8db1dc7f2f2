"""A file of which nobody knows the format yet: its ending, and its content read once."""

from __future__ import annotations

import pytest

from weldon.data.formats.format import AnnotationFormat, Candidate
from weldon.errors import DataError


def test_the_ending_is_in_small_letters_and_a_folder_has_none(tmp_path):
    (tmp_path / "a.JSON").touch()
    assert Candidate(tmp_path / "a.JSON").ending == ".json"
    assert Candidate(tmp_path).ending == ""


def test_the_content_is_read_once(tmp_path):
    (tmp_path / "a.json").write_text('{"a": [1]}')
    candidate = Candidate(tmp_path / "a.json")
    first = candidate.content
    (tmp_path / "a.json").unlink()
    assert candidate.content is first == {"a": [1]}


def test_a_content_that_is_no_json_is_named(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(DataError, match=r"a\.json"):
        _ = Candidate(tmp_path / "a.json").content


def test_a_format_takes_any_file_of_its_endings_unless_it_says_more(tmp_path):
    plain = AnnotationFormat(lambda folder, images, classes, photos: None)
    assert plain.holds(Candidate(tmp_path / "gone.json"))
    assert (plain.read, plain.endings, plain.each_image) == (None, (), False)
