"""The recipe accepts what the flags accept and names what it refuses."""

from __future__ import annotations

import pytest

from weldon.errors import UsageError
from weldon.training.recipe import build_recipe, read_toml, write_toml


def test_toml_round_trip_gives_the_same_recipe(tmp_path):
    recipe = build_recipe({"data": "photos", "k": "20%", "lr": 0.01, "freeze": True, "labels": "l.csv"})
    write_toml(recipe, tmp_path / "config.toml")
    assert build_recipe({}, tmp_path / "config.toml") == recipe


def test_given_options_win_over_the_file(tmp_path):
    (tmp_path / "r.toml").write_text('data = "photos"\nepochs = 3\nlr = 0.5\n')
    recipe = build_recipe({"epochs": 7, "lr": None}, tmp_path / "r.toml")
    assert (recipe.epochs, recipe.lr) == (7, 0.5)


@pytest.mark.parametrize(
    ("given", "k_max", "k_min"),
    [
        ({"k": "20"}, 20, 20),
        ({"k": "20%"}, 0.2, 0.2),
        ({"k": 0.3, "k_min": 0}, 0.3, 0),
        ({"k_max": "5", "k_min": "2"}, 5, 2),
    ],
)
def test_k_sets_both_sides_unless_one_is_given(given, k_max, k_min):
    options = build_recipe({"data": "d", **given}).pool_options
    assert (options["k_max"], options["k_min"]) == (k_max, k_min)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 0}, ["epochs", "0"]),
        ({"pool": "median"}, ["pool", "median", "weldon"]),
        ({"colour": "red"}, ["colour", "options are"]),
        ({"k": "1.0"}, ["k", "1.0"]),
        ({"resize": "crop"}, ["resize", "crop", "keep"]),
        ({"loss": "ap", "task": "multiclass"}, ["ap", "multilabel"]),
        ({"dataset": "voc2007", "labels": "l.csv"}, ["labels", "voc2007", "l.csv"]),
    ],
)
def test_a_refusal_names_option_and_value(options, words):
    with pytest.raises(UsageError) as refusal:
        build_recipe({"data": "photos", **options})
    assert all(word in str(refusal.value) for word in words)


def test_a_missing_data_folder_option_is_named():
    with pytest.raises(UsageError, match="data must be given"):
        build_recipe({})


def test_a_file_that_is_not_toml_is_named(tmp_path):
    (tmp_path / "r.toml").write_text("epochs = = 3")
    with pytest.raises(UsageError, match=r"r\.toml.*not TOML"):
        read_toml(tmp_path / "r.toml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.toml"):
        read_toml(tmp_path / "gone.toml")
