"""Recipe files lie over shared ones, and what is wrong in them is named with the file."""

from __future__ import annotations

import pytest

from weldon.errors import DataError, UsageError
from weldon.recipes.row import Row
from weldon.recipes.toml import HOME, build, over, read


def test_a_file_lies_over_the_one_it_extends():
    frozen = read(HOME / "shared" / "animals-frozen-448.toml")
    assert frozen["train"]["image_size"] == 448
    assert frozen["train"]["freeze"] is True
    assert frozen["seeds"] == [0, 1, 2]


def test_values_of_a_file_win_and_its_tables_are_joined(tmp_path):
    shared = read(HOME / "shared" / "animals-frozen-448.toml")
    path = tmp_path / "mine.toml"
    path.write_text('extends = "animals-frozen-448"\nseeds = [7]\n[train]\nimage_size = 96\n')
    mine = read(path)
    assert mine["seeds"] == [7]
    assert mine["train"] == shared["train"] | {"image_size": 96}
    assert "extends" not in mine


def test_tables_in_tables_are_joined_and_a_list_replaces_a_list():
    below = {"a": {"b": {"c": 1, "d": 2}}, "grid": [1, 2], "plain": 1}
    found = over({"a": {"b": {"c": 9}}, "grid": [3], "plain": {"now": "a table"}}, below)
    assert found == {"a": {"b": {"c": 9, "d": 2}}, "grid": [3], "plain": {"now": "a table"}}
    assert below == {"a": {"b": {"c": 1, "d": 2}}, "grid": [1, 2], "plain": 1}


@pytest.mark.parametrize("text", [None, "seeds = ", 'extends = "nothing-of-the-kind"'])
def test_a_file_that_cannot_be_read_is_named(tmp_path, text):
    path = tmp_path / "mine.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=r"(mine|nothing-of-the-kind)\.toml"):
        read(path)


def test_an_unknown_option_is_refused_with_the_file_that_has_it():
    values = read(HOME / "table7" / "all.toml")
    values["train"]["poolin"] = "max"
    with pytest.raises(UsageError, match=r"table7/all\.toml: .*unknown option 'poolin'"):
        build(Row, {"name": "all", **values}, HOME / "table7" / "all.toml")


def test_every_value_that_cannot_be_used_is_named_by_its_place():
    values = read(HOME / "table7" / "all.toml") | {"seeds": ["first"], "images_per_second": -1}
    with pytest.raises(UsageError) as caught:
        build(Row, {"name": "all", **values}, HOME / "table7" / "all.toml")
    assert "table7/all.toml" in str(caught.value)
    assert "seeds.0: " in str(caught.value)
    assert "images_per_second: " in str(caught.value)
