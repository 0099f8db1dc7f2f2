"""From a recipe to its runs: which settings are tried, which is chosen, and what is still missing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from weldon.recipes import Look
from weldon.reproduce.trials import Run, Trials, digest, trials_of


@pytest.fixture
def trials(workspace, scenes, row):
    """Three settings and two seeds; nothing is trained."""
    (made,) = trials_of(row("small", grid=({"lr": [0.01, 0.1, 1.0]},), seeds=(3, 4)), scenes, workspace)
    return made


def finish(run: Run, held_back: float) -> None:
    """Make it look trained, with that figure on held-back images."""
    run.directory.path.mkdir(parents=True)
    validation = {"map": held_back, "best": held_back, "best_epoch": 1}
    manifest = {"task": "multilabel", "validation": validation}
    run.directory.manifest.write_text(json.dumps(manifest))


def test_every_setting_is_tried_with_the_first_seed(trials):
    runs = list(trials.grid.values())
    assert [run.options["lr"] for run in runs] == [0.01, 0.1, 1.0]
    assert {run.options["seed"] for run in runs} == {3}
    assert len({run.directory.path for run in runs}) == 3


def test_settings_that_the_user_makes_equal_are_one(trials):
    workspace = replace(trials.workspace, options={**trials.workspace.options, "lr": 0.5})
    assert len(replace(trials, workspace=workspace).grid) == 1


def test_the_best_on_held_back_images_is_chosen_for_every_seed(trials):
    for run, figure in zip(trials.grid.values(), (0.4, 0.7, 0.6), strict=True):
        finish(run, figure)
    assert trials.best == {"lr": 0.1}
    assert [(run.options["lr"], run.options["seed"]) for run in trials.chosen] == [(0.1, 3), (0.1, 4)]


def test_of_equal_settings_the_last_is_chosen(trials):
    for run in trials.grid.values():
        finish(run, 0.5)
    assert trials.best == {"lr": 1.0}


def test_a_single_setting_is_the_best_before_it_is_trained(trials):
    assert replace(trials, settings=({"lr": 0.01},)).best == {"lr": 0.01}


def test_missing_are_the_grid_and_the_seeds_of_a_choice_not_made_yet(trials):
    assert len(trials.missing) == 3 + 1
    first, *others = trials.grid.values()
    finish(first, 0.9)
    assert len(trials.missing) == 2 + 1
    for run in others:
        finish(run, 0.1)
    (left,) = trials.missing.values()
    assert (left.options["lr"], left.options["seed"]) == (0.01, 4)
    finish(left, 0.9)
    assert trials.missing == {}


def test_what_is_trained_names_its_best_setting_and_trains_nothing_twice(trials, monkeypatch):
    figures = {0.01: 0.2, 0.1: 0.1, 1.0: 0.15}
    trained = []

    def train(run: Run) -> None:
        if not run.finished:
            trained.append((run.options["lr"], run.options["seed"]))
            finish(run, figures[run.options["lr"]])

    monkeypatch.setattr(Run, "train", train)
    assert [run.options["seed"] for run in trials.train()] == [3, 4]
    assert trained == [(0.01, 3), (0.1, 3), (1.0, 3), (0.01, 4)]
    trials.train()
    assert len(trained) == 4


def test_the_key_says_what_is_learnt_and_not_where_things_lie(workspace, scenes):
    run = Run(workspace, scenes, {"lr": 0.1, "seed": 1})
    same = ({"device": "cpu"}, {"workers": 7}, {"cache": "elsewhere"}, {"epochs": 20})  # 20 is the default
    other = ({"lr": 0.2}, {"seed": 2}, {"epochs": 21}, {"pool": "max"})
    assert all(replace(run, options={**run.options, **more}).key == run.key for more in same)
    assert len({run.key, *(replace(run, options={**run.options, **more}).key for more in other)}) == 5


def test_weights_count_by_their_name(workspace, scenes):
    keys = {Run(workspace, scenes, {"weights": f"/{home}/vgg16.safetensors"}).key for home in ("a", "b/c")}
    assert len(keys) == 1


def test_a_digest_is_twelve_digits_and_does_not_depend_on_the_order_of_names():
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    assert len(digest("x")) == 12
    assert int(digest("x"), 16) >= 0


def test_a_row_of_several_models_has_trials_for_each(workspace, scenes, row):
    two = Look(models=({"image_size": 32}, {"image_size": 64}))
    made = trials_of(row("small", look=two), scenes, workspace)
    assert [trial.options["image_size"] for trial in made] == [32, 64]
    assert all(isinstance(trial, Trials) for trial in made)


def test_seeds_of_the_user_replace_those_of_the_row(workspace, scenes, row):
    (made,) = trials_of(row("small", seeds=(0, 1, 2)), scenes, replace(workspace, seeds=(7,)))
    assert made.seeds == (7,)
