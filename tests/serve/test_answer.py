"""What is asked of one picture, and the answer, by hand: a picture of 80 x 40 in 4 x 4 cells."""

from __future__ import annotations

import pytest
from starlette.datastructures import QueryParams

from fixtures.results import corner_result
from weldon.errors import UsageError
from weldon.inference import Result
from weldon.serve.answer import MOST_CLASSES, Asked, answer, read_asked

CLASSES = ("cat", "dog")


@pytest.fixture
def result() -> Result:
    return corner_result("a.png")


def test_a_query_names_classes_a_rival_and_parts_each_once():
    query = QueryParams("class=dog&class=cat&class=dog&versus=cat&parts=maps, views&unseen=1")
    assert read_asked(query, CLASSES) == Asked(
        ("dog", "cat"), "cat", frozenset({"maps", "views"}), unseen=True
    )
    assert read_asked(QueryParams(""), CLASSES) == Asked()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("class=cow", "class must be one of cat, dog, got 'cow'"),
        ("versus=cow", "class must be one of cat, dog, got 'cow'"),
        ("parts=maps,film", "parts must be among points, boxes, .*views, got 'film'"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(query, words):
    with pytest.raises(UsageError, match=words):
        read_asked(QueryParams(query), CLASSES)


def test_more_classes_than_one_answer_holds_are_refused():
    names = tuple(map(str, range(MOST_CLASSES + 1)))
    with pytest.raises(UsageError, match="may be given 50 times, got 51"):
        read_asked(QueryParams([("class", name) for name in names]), names)


def test_the_predicted_classes_are_answered_unless_others_are_named(result):
    said = answer(result, Asked(parts=frozenset({"points", "evidence"})))
    assert (said["file_name"], said["labels"], said["scores"]) == (
        "a.png",
        ["cat"],
        {"cat": 3.0, "dog": -2.0},
    )
    assert said["points"] == {"cat": {"x": 70.0, "y": 5.0, "score": 3.0}}
    assert said["evidence"]["cat"]["top_sum"] == 3.0
    named = answer(result, Asked(("dog",), parts=frozenset({"points"})))
    assert list(named["points"]) == ["dog"]
    assert "evidence" not in named


def test_maps_are_the_cells_on_the_picture_of_what_is_shown_first(result):
    said = answer(result, Asked(("dog",), parts=frozenset({"maps"})))
    assert list(said["maps"]) == ["dog", "cat"]
    assert said["maps"]["cat"][0] == [-1.0, -1.0, -1.0, 3.0]


def test_a_rival_is_compared_with_every_class_but_itself(result):
    said = answer(result, Asked(("cat", "dog"), versus="dog", parts=frozenset()))
    assert list(said["contests"]) == ["cat"]
    assert "dog" in said["contests"]["cat"]


def test_a_view_says_how_large_a_cell_is_drawn(result):
    view = answer(result, Asked(parts=frozenset({"views"})))["views"]["cat"]
    assert view["cell"] == [90.0, 45.0]  # a quarter of a drawing of 360 x 180
