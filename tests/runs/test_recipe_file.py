"""A preset lies under the file of options, and that under what is given; each can be used as a recipe."""

from __future__ import annotations

import pytest

from weldon.errors import UsageError
from weldon.runs.recipe_file import HOME, PRESETS, build_recipe, over_preset, preset_options, preset_text


def test_every_file_is_a_preset_and_says_first_what_it_is_for():
    assert {file.stem for file in HOME.iterdir()} == set(PRESETS)
    assert all(preset_text(name).startswith("# ") for name in PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_a_recipe_takes_all_that_a_preset_says(name):
    recipe = build_recipe({"data": "."}, preset=name)
    assert {key: getattr(recipe, key) for key in preset_options(name)} == preset_options(name)


def test_what_is_given_wins_over_the_file_and_the_file_over_the_preset(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text("image_size = 224\nbatch_size = 4\n")
    recipe = build_recipe({"data": ".", "batch_size": 8}, file, "quick")
    assert (recipe.freeze, recipe.image_size, recipe.batch_size) == (True, 224, 8)
    assert over_preset(None, {"k": 3}) == {"k": 3}


def test_an_unknown_preset_is_refused_with_the_names():
    with pytest.raises(UsageError, match="preset must be one of quick, best, paper, got 'bset'"):
        preset_options("bset")
