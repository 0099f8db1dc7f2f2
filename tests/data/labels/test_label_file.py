"""What a reader was told becomes a label set, with everything it found on the way."""

from __future__ import annotations

import pytest

from weldon.data.labels.label_file import FileForm, LabelOptions, Told
from weldon.data.labels.locate import ImageFinder
from weldon.data.labels.rows import Row
from weldon.errors import DataError


@pytest.fixture
def finder(tmp_path) -> ImageFinder:
    (tmp_path / "a.png").touch()
    return ImageFinder((tmp_path,))


def told(**values) -> Told:
    return Told("t.odd", "odd", [Row.of("t.odd row 1", "a.png", frozenset({"cat"}))], **values)


def test_form_classes_and_notes_reach_the_label_set(finder):
    found = told(declared=["cat"], notes=["read oddly"]).label_set(finder, None)
    assert (found.form, found.classes, found.notes) == ("odd", ("cat",), ("read oddly",))
    assert told().label_set(finder, ("dog", "cat")).classes == ("dog", "cat")


def test_problems_are_raised_with_the_name_of_the_file(finder):
    with pytest.raises(DataError, match=r"labels of t\.odd cannot be used(.|\n)*row 2: torn"):
        told(problems=["row 2: torn"]).label_set(finder, None)


def test_classes_without_an_image_are_refused_unless_the_form_drops_them(finder):
    with pytest.raises(DataError, match="class 'dog' has no training image"):
        told(declared=["cat", "dog"]).label_set(finder, None)
    assert told(declared=["cat", "dog"], empty_classes="drop").label_set(finder, None).classes == ("cat",)


def test_nothing_given_is_the_usual():
    assert LabelOptions() == LabelOptions(None, None, None, "main", None)
    assert FileForm((".odd",), lambda path, root, options: told()).usual == ()
