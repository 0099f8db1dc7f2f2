"""What is said about an image names its classes; a file of no known format is looked at once."""

from __future__ import annotations

import pytest

from weldon.data.formats.annotation import (
    AnnotationFormat,
    Candidate,
    ImageAnnotation,
    Keypoint,
    Polygon,
    refuse_strangers,
)
from weldon.data.record import Box
from weldon.errors import DataError

MARKED = ImageAnnotation(
    "a.png",
    9,
    9,
    boxes=(Box("cat", 0, 0, 1, 1), Box("cat", 1, 1, 2, 2)),
    labels=("dog",),
    points=(Keypoint("hen", 1, 1),),
    polygons=(Polygon("cow", ((0, 0), (1, 0), (1, 1))),),
    unknown=("pig",),
)


def test_every_mark_names_its_class_and_what_is_disputed_does_not():
    assert MARKED.named == {"cat", "dog", "hen", "cow"}
    assert ImageAnnotation("b.png", 9, 9).named == frozenset()


def test_every_label_that_is_no_class_is_listed_with_its_image():
    other = ImageAnnotation("b.png", 9, 9, labels=("ant",))
    with pytest.raises(DataError) as caught:
        refuse_strangers([MARKED, other], ("cat", "dog"))
    assert caught.value.problems == ("a.png: 'cow'", "a.png: 'hen'", "b.png: 'ant'")
    assert "(cat, dog)" in caught.value.summary
    refuse_strangers([MARKED, other], ("ant", "cat", "cow", "dog", "hen"))


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
