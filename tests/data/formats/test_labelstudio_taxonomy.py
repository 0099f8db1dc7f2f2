"""Taxonomies: the last level is the class, and what a path leaves open is unknown."""

from __future__ import annotations

import json

import pytest

from weldon.data.formats.labelstudio_taxonomy import class_names, implied, paths_of
from weldon.data.labels import read_labels


@pytest.fixture
def labels(tmp_path, photograph):
    """Read an export in which image n was given the nth answer."""

    def read(*answers):
        tasks = []
        for number, answer in enumerate(answers):
            photograph(f"{number}.png")
            result = [{"type": "taxonomy", "value": {"taxonomy": answer}}]
            tasks.append(
                {"id": number, "data": {"image": f"{number}.png"}, "annotations": [{"result": result}]}
            )
        (tmp_path / "e.json").write_text(json.dumps(tasks))
        return read_labels(tmp_path, tmp_path / "e.json")

    return read


def test_an_answer_is_its_last_level_and_the_path_is_said(labels):
    found = labels([["Animal", "Dog"]], [["Animal", "Cat"], ["Place", "Outdoor"]])
    assert [sorted(record.labels) for record in found.records] == [["Dog"], ["Cat", "Outdoor"]]
    assert any("'Dog' is Animal / Dog" in note for note in found.notes)


def test_equal_last_levels_keep_their_paths(labels):
    found = labels([["Animal", "Bat"]], [["Sport", "Bat"]])
    assert found.classes == ("Animal / Bat", "Sport / Bat")


def test_a_level_above_is_present_and_levels_beneath_are_unknown(labels):
    found = labels([["Animal"]], [["Animal", "Dog"]], [["Plant"]])
    assert [(record.labels, record.unknown) for record in found.records] == [
        ({"Animal"}, {"Dog"}),
        ({"Animal", "Dog"}, frozenset()),
        ({"Plant"}, frozenset()),
    ]


def test_a_level_and_one_beneath_it_leave_nothing_open():
    names = class_names([("a",), ("a", "b"), ("a", "c")])
    assert implied([("a",), ("a", "b")], names) == (["a", "b"], [])


@pytest.mark.parametrize("answer", [[[]], [[1]], [None], [["a", ""]]])
def test_what_is_no_path_is_refused(answer):
    with pytest.raises(TypeError):
        paths_of(answer)
