"""A frozen run takes the rate and decay that its training images choose; what was given stays as given."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from fixtures.cached_maps import CLASSES, made_up_maps
from weldon.errors import DataError, UsageError
from weldon.files import write_json
from weldon.losses import logistic_loss
from weldon.models import create_model
from weldon.runs.recipe_file import build_recipe
from weldon.training.frozen_head import (
    EPOCHS,
    counts_to_try,
    read_trials,
    refuse_auto_k,
    search_recipe,
    searches,
    spell_trials,
    trials_json,
)
from weldon.training.head_search import Trial, Trials
from weldon.training.heads import Setting

pytestmark = pytest.mark.usefixtures("short_search")


def recipe(**options):
    return build_recipe({"data": Path("photos"), "freeze": True, **options})


def logistic():
    return lambda scores, batch: logistic_loss(scores, batch["target"], batch["known"])


@pytest.fixture
def net():
    net = create_model("test_resnet", len(CLASSES), weights="none")
    net.transfer = torch.nn.Conv2d(16, len(CLASSES), 1)
    return net


@pytest.mark.parametrize("options", [{}, {"optimizer": "sgd"}, {"weight_decay": 0.1}, {"loss": "ap"}])
def test_a_frozen_run_without_a_rate_searches(options):
    assert searches(recipe(**options))


@pytest.mark.parametrize(
    "options",
    [
        {"freeze": False},
        {"lr": 0.1},
        {"search": False},
        {"optimizer": "adamw"},
        {"devices": 2},
    ],
)
def test_what_was_given_or_cannot_be_searched_is_left(options):
    assert not searches(recipe(**options))


def test_the_recipe_gets_what_was_chosen_and_keeps_what_was_given(net):
    dataset = made_up_maps(40)
    chosen, found = search_recipe(recipe(), net, dataset, logistic, one_label=False)
    assert (chosen.lr, chosen.weight_decay) == (found.chosen.lr, found.chosen.weight_decay)
    assert (chosen.optimizer, chosen.epochs, chosen.batch_size) == ("sgd", EPOCHS, 8)
    given = recipe(epochs=3, batch_size=5, weight_decay=0.02)
    kept, _ = search_recipe(given, net, dataset, logistic, one_label=False)
    assert (kept.epochs, kept.batch_size, kept.weight_decay) == (3, 5, 0.02)


@pytest.mark.parametrize(
    ("options", "losses", "words"),
    [
        ({}, {"ap": logistic}, "rate, decay, k and loss"),
        ({}, {}, "rate, decay and k"),
        ({"pool": "avg"}, {}, "rate and decay"),
        ({"k": 0.2, "weight_decay": 0.1}, {}, "rate"),
    ],
)
def test_what_is_said_to_be_chosen_is_what_is_tried(net, caplog, options, losses, words):
    with caplog.at_level("INFO", logger="weldon"):
        search_recipe(recipe(**options), net, made_up_maps(4), logistic, one_label=False, losses=losses)
    assert f"choosing {words} on held-back training images" in caplog.text


def test_what_was_chosen_is_not_searched_again(net):
    """A resumed run reads the recipe that was written."""
    chosen, _ = search_recipe(recipe(), net, made_up_maps(20), logistic, one_label=False)
    assert not searches(chosen)


def test_the_choice_is_one_sentence_and_a_list():
    found = Trials((Trial(Setting(3.0, 3e-4), 0.9), Trial(Setting(1.0, 1e-3), 0.8)), 50, "mAP")
    assert spell_trials(found) == (
        "learning rate 3, weight decay 0.0003: the best of 2 settings on 50 training images, scored by "
        "heads that had not learnt from them (mAP 0.9000, the worst 0.8000)"
    )
    assert trials_json(found)["tried"][1] == {"lr": 1.0, "weight_decay": 1e-3, "figure": 0.8, "epochs": 12}
    few = Trials((Trial(Setting(3.0, 3e-4), math.nan),), 0, "mAP")
    assert "too few" in spell_trials(few)


@pytest.mark.parametrize("figure", [0.9, math.nan])
def test_what_was_tried_reads_back(tmp_path, figure):
    found = Trials((Trial(Setting(3.0, 3e-4), figure), Trial(Setting(1.0, 1e-3), figure)), 50, "accuracy")
    write_json(tmp_path / "search.json", trials_json(found))
    assert repr(read_trials(tmp_path / "search.json")) == repr(found)  # NaN is not equal to itself


@pytest.mark.parametrize(
    "values",
    [{}, {"tried": []}, {"tried": [1], "held_back": 1, "measure": "mAP"}, {"tried": {}, "held_back": ""}],
)
def test_a_damaged_file_of_trials_is_named(tmp_path, values):
    write_json(tmp_path / "search.json", values)
    with pytest.raises(DataError, match=r"search\.json"):
        read_trials(tmp_path / "search.json")


@pytest.mark.parametrize("gain", [True, False])
def test_the_recipe_gets_another_loss_only_where_it_does_better(net, tmp_path, gain):
    worse = lambda: lambda scores, batch: scores.sum() * 0  # noqa: E731
    own, other = (worse, logistic) if gain else (logistic, worse)
    losses = {"ap": other}
    chosen, found = search_recipe(recipe(), net, made_up_maps(60), own, one_label=False, losses=losses)
    assert chosen.loss == ("ap" if gain else "auto")
    assert ("loss ap" in spell_trials(found)) == gain
    write_json(tmp_path / "search.json", trials_json(found))
    assert read_trials(tmp_path / "search.json") == found


@pytest.mark.parametrize("options", [{"k": "auto"}, {}], ids=["asked for", "not given"])
def test_recipe_and_network_get_the_k_that_was_chosen(net, options):
    given = recipe(**options)
    chosen, found = search_recipe(given, net, made_up_maps(40), logistic, one_label=False)
    assert chosen.k is None
    assert (chosen.k_max, chosen.k_min) == (net.pool.k_max, net.pool.k_min)
    best = found.chosen
    assert (chosen.k_max, chosen.k_min) == (best.k_max or 0.2, best.k_min or 0.2)
    assert net.config["pool_options"] == {"k_max": chosen.k_max, "k_min": chosen.k_min}
    assert net.config["pool_options"] == build_recipe({"data": ".", **chosen.model_dump()}).pool_options


def test_a_k_that_was_given_stays(net):
    assert counts_to_try(recipe(k="auto", k_min=0)) == [(share, 0) for share in (0.05, 0.1, 0.2, 0.3, 0.5)]
    for given in ({"k": 0.2}, {"k_max": 3}, {"pool": "avg"}, {"pool": "mantra"}):
        assert counts_to_try(recipe(**given)) == []
    chosen, _ = search_recipe(recipe(k=0.3), net, made_up_maps(20), logistic, one_label=False)
    assert (chosen.k, chosen.k_max) == (0.3, None)


@pytest.mark.parametrize(
    "options",
    [
        *({"freeze": False}, {"lr": 0.1}, {"search": False}, {"search_rounds": 0}, {"pool": "max"}),
        {"devices": 2},
    ],
)
def test_k_auto_without_a_search_is_refused(options):
    with pytest.raises(UsageError, match="'auto'"):
        refuse_auto_k(recipe(k="auto", **options))
    refuse_auto_k(recipe(k=0.2, **options) if "pool" not in options else recipe(**options))


def test_chosen_counts_are_said_and_read_back(tmp_path):
    found = Trials((Trial(Setting(3.0, 3e-4, 0.3, 0.5), 0.9), Trial(Setting(1.0, 1e-3), 0.8)), 50, "mAP")
    assert "k+ = 30%, k- = 50%" in spell_trials(found)
    write_json(tmp_path / "search.json", trials_json(found))
    assert read_trials(tmp_path / "search.json") == found
