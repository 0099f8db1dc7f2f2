"""The recipe accepts what the flags accept and names what it refuses."""

from __future__ import annotations

import pytest

from weldon.class_options import options_of
from weldon.errors import DataError, UsageError
from weldon.losses import LOSSES
from weldon.pooling import POOLINGS
from weldon.runs.recipe import Recipe
from weldon.runs.recipe_file import build_recipe, write_recipe


def test_toml_round_trip_gives_the_same_recipe(tmp_path):
    recipe = build_recipe({"data": "photos", "k": "20%", "lr": 0.01, "freeze": True, "labels": "l.csv"})
    write_recipe(tmp_path / "config.toml", recipe)
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
        ({"loss": "squared"}, ["loss", "squared", "auto, logistic"]),
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


@pytest.mark.parametrize(
    "text",
    [b"epochs = = 3", b"epochs = \xff", b"epochs = 3\0", b"epochs = " + b"9" * 5000, b"a = " + b"[" * 99999],
    ids=["no TOML", "no text", "zero byte", "5000 digits", "deep"],
)
def test_a_file_that_is_not_toml_is_named(tmp_path, text):
    (tmp_path / "r.toml").write_bytes(text)
    with pytest.raises(DataError, match=r"r\.toml"):
        build_recipe({"data": "."}, tmp_path / "r.toml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.toml"):
        build_recipe({"data": "."}, tmp_path / "gone.toml")


@pytest.mark.parametrize(
    "line",
    [
        "image_size = 1000000",
        "batch_size = 100000",
        "epochs = true",
        "seed = 4294967296",
        "lr = nan",
        "lrp = inf",
        "weights = 3",
        "data = [1]",
        'cache = "a\\u0000b"',
        'model = ""',
        'device = "tpu9"',
        'precision = "evil"',
        'strategy = "evil"',
        "colour = 1",
    ],
)
def test_a_value_that_cannot_be_is_refused_by_file_and_name(tmp_path, line):
    (tmp_path / "r.toml").write_text(f"{line}\n")
    name = line.split(" = ")[0]
    given = {} if name == "data" else {"data": "."}
    with pytest.raises(DataError, match=rf"r\.toml has options that cannot be used:\n.*{name}"):
        build_recipe(given, tmp_path / "r.toml")


@pytest.mark.parametrize(
    "option",
    [
        {"seed": 2**32},
        {"seed": -1},
        {"workers": -1},
        {"workers": 10**6},
        {"lr": float("nan")},
        {"beta": float("nan")},
        {"pos_weight": "nan"},
        {"pos_weight": "-1"},
        {"alpha": float("inf")},
        {"decay": float("nan")},
        {"std": "0,1,1"},
        {"mean": "nan,0,0"},
        {"val": "nan"},
        {"val": "-0.1"},
        {"val": "1"},
        {"model_kwargs": "[1]"},
        {"model_kwargs": "[" * 99999},
        {"label_sep": ""},
        {"nodes": 10**9},
    ],
    ids=str,
)
def test_a_flag_that_cannot_be_used_is_named(option):
    (name,) = option
    with pytest.raises(UsageError, match=name):
        build_recipe({"data": ".", **option})


def test_options_of_a_file_that_do_not_go_together_are_the_files(tmp_path):
    (tmp_path / "r.toml").write_text('data = "."\npool = "evil"\n')
    with pytest.raises(DataError, match=r"r\.toml has options that cannot be used:\n.*pool must be one of"):
        build_recipe({}, tmp_path / "r.toml")
    with pytest.raises(UsageError, match="pool must be one of"):
        build_recipe({"pool": "evil"}, tmp_path / "r.toml")


@pytest.mark.parametrize(
    ("kind", "name"), [("pool", name) for name in POOLINGS] + [("loss", name) for name in LOSSES]
)
def test_every_option_of_a_pooling_or_loss_is_a_field_with_its_own_words(kind, name):
    place = (POOLINGS if kind == "pool" else LOSSES).data[name]
    for option in options_of(place):
        if option.name not in ("k_max", "k_min"):  # the recipe's own, for --k stands for both
            said = Recipe.model_fields[option.name].description
            assert said.startswith(option.help)
            assert name in said


def test_options_of_a_pooling_are_none_until_given_and_those_of_a_loss_have_its_defaults():
    recipe = build_recipe({"data": "."})
    assert recipe.pool_options == {}
    assert recipe.loss_options == {"pos_weight": "none", "ap_scope": "batch", "ap_memory": 0, "ap_scale": 1.0}
    assert build_recipe({"data": ".", "alpha": 0.5}).pool_options == {"alpha": 0.5}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tile": 448}, "tile needs --freeze"),
        ({"overlap": 64, "freeze": True}, "overlap needs --tile"),
        ({"tile": 8, "freeze": True}, "tile"),
        ({"tile": 448, "freeze": True, "image_size": 448}, "image_size must be left out with tile"),
        ({"tile": 448, "freeze": True, "resize": "keep"}, "resize must be left out with tile"),
    ],
)
def test_tiles_go_with_a_frozen_backbone_and_pictures_in_their_own_pixels(options, said: str):
    with pytest.raises(UsageError, match=said):
        build_recipe({"data": "photos", **options})


def test_a_recipe_with_tiles_is_read_back(tmp_path):
    recipe = build_recipe({"data": "photos", "tile": 448, "overlap": 64, "freeze": True})
    write_recipe(tmp_path / "config.toml", recipe)
    assert build_recipe({}, tmp_path / "config.toml") == recipe
