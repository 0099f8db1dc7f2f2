"""Rows of any label file become records, or one error with everything that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from weldon.data.labels.locate import ImageFinder
from weldon.data.labels.rows import Row, label_set_of
from weldon.data.record import LabelSet
from weldon.errors import DataError


@pytest.fixture
def finder(tmp_path: Path) -> ImageFinder:
    """Of the files ``a`` to ``d``."""
    for name in "abcd":
        (tmp_path / name).touch()
    return ImageFinder([tmp_path])


def row(name: str, *labels: str, line: int = 2, **values) -> Row:
    return Row.of(
        f"t.csv row {line}", name, frozenset(labels), frozenset(values.pop("unknown", ())), **values
    )


def read(finder: ImageFinder, *rows: Row, **options) -> LabelSet:
    return label_set_of(rows, finder, form="long", **options)


def test_classes_are_sorted_where_the_file_lists_none_and_in_its_order_where_it_does(finder):
    rows = (row("a", "dog"), row("b", "cat"))
    assert read(finder, *rows).classes == ("cat", "dog")
    assert read(finder, *rows, declared=["dog", "cat"]).classes == ("dog", "cat")


def test_a_file_named_twice_alike_is_one_image(finder):
    found = read(finder, row("a", "cat"), row("./a", "cat"), row("b", "dog"))
    assert [record.file_name for record in found.records] == ["a", "b"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"labels": frozenset({"dog"})}, "labels dog here, cat there"),
        ({"unknown": frozenset({"dog"})}, r"unknown dog here, \(none\) there"),
        ({"group": "p2"}, "group 'p2' here, None there"),
        ({"weight": 0.5}, "weight 0.5 here, 1.0 there"),
    ],
)
def test_a_file_named_twice_differently_is_a_contradiction(finder, values, words):
    other = Row.of("t.csv row 3", "a", **{"labels": frozenset({"cat"}), "unknown": frozenset(), **values})
    with pytest.raises(DataError, match=f"t.csv row 3: 'a' contradicts t.csv row 2: {words}"):
        read(finder, row("a", "cat"), row("b", "dog"), other)


@pytest.mark.parametrize(("fate", "classes"), [("drop", ("cat",)), ("keep", ("ghost", "cat"))])
def test_classes_that_nobody_shows_are_refused_dropped_or_kept_with_a_note(finder, fate, classes):
    found = read(finder, row("a", "cat"), declared=["ghost", "cat"], empty_classes=fate)
    assert found.classes == classes
    assert any("ghost" in note for note in found.notes)
    with pytest.raises(DataError, match="class 'ghost' has no training image"):
        read(finder, row("a", "cat"), declared=["ghost", "cat"])


@pytest.mark.parametrize("name", ["no\nfinding", "a\u2028b", "a\x85b"])
def test_a_class_name_is_one_line_since_a_run_keeps_one_a_line(finder, name):
    with pytest.raises(DataError, match="has a line break in it"):
        read(finder, row("a", name), row("b", "cat"))


def test_problems_of_the_reader_come_first_and_none_hides_another(finder):
    rows = (row("a", "cat", split="train"), row("x", "dog", line=3, split="val"), row("b", line=4))
    with pytest.raises(DataError) as caught:
        read(finder, *rows, problems=["t.csv row 1: odd"])
    first, *others = caught.value.problems
    assert first == "t.csv row 1: odd"
    assert any("row 3: no file 'x'" in problem for problem in others)
    assert any("row 3: 'x' has the label 'dog', a class that no training" in problem for problem in others)
    assert any("row 4: no split" in problem for problem in others)


def test_images_without_a_label_are_counted_and_those_nobody_looked_at_are_not_among_them(finder):
    found = read(finder, row("a", "cat"), row("b"), row("c", unknown=("cat",)))
    assert any(note.startswith("1 of 3 images have no label") for note in found.notes)


def test_an_image_of_which_nothing_is_said_is_left_out_counted_and_named(finder):
    found = read(finder, row("a", "cat"), row("b", told=False, line=3))
    assert [record.file_name for record in found.records] == ["a"]
    assert any("1 of 2 images are left out" in note and "t.csv row 3" in note for note in found.notes)


def test_an_unknown_that_names_no_class_is_refused_by_row(finder):
    with pytest.raises(DataError, match=r"t\.csv row 3: 'b' has 'dgo' as unknown, .*'cat', 'dog'"):
        read(finder, row("a", "cat", "dog"), row("b", "cat", unknown={"dgo"}, line=3))
    with pytest.raises(DataError, match="'dgo' as unknown"):
        read(finder, row("a", "cat", unknown={"dgo"}), given=["cat", "dog"])


def test_an_unknown_class_that_nobody_shows_goes_with_the_class(finder):
    found = read(finder, row("a", "cat", unknown={"ghost"}), declared=["ghost", "cat"], empty_classes="drop")
    assert found.records[0].unknown == frozenset()


def test_rows_that_repeat_an_image_are_counted(finder):
    found = read(finder, row("a", "cat"), row("b", "dog"), row("a", "cat", line=4), row("a", "cat", line=5))
    assert "2 rows name an image that an earlier row names, and are left out: t.csv row 4, ..." in found.notes


def test_images_that_weigh_nothing_are_counted_and_not_all_may(finder):
    found = read(finder, row("a", "cat", weight=0.0), row("b", "dog"))
    assert any("1 of 2 images have weight 0" in note for note in found.notes)
    with pytest.raises(DataError, match="every image has weight 0"):
        read(finder, row("a", "cat", weight=0.0))


def test_two_spellings_of_one_class_are_said(finder):
    found = read(finder, row("a", "café"), row("b", "cafe\u0301"))
    assert any(r"'caf\xe9'" in note and r"'cafe\u0301'" in note for note in found.notes)


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 5000, "", "a/" * 2000])
def test_a_name_that_no_file_can_have_is_a_problem_of_its_row(finder, name):
    with pytest.raises(DataError, match=r"t\.csv row 3: no file"):
        read(finder, row("a", "cat"), row(name, "cat", line=3))


def test_a_row_says_other_things_of_the_same_image_at_the_same_place():
    first = Row.of("t.csv row 2", "a", frozenset({"cat"}), split="train", told=False)
    other = first.saying(split="val", weight=2.0)
    assert (other.where, other.told, other.record.labels) == ("t.csv row 2", False, {"cat"})
    assert (other.record.split, other.record.weight) == ("val", 2.0)
    assert (first.record.split, first.record.path) == ("train", Path("a"))
