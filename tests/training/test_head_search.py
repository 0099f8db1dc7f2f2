"""A head's rate and decay are found from the training images alone, whatever the scale of their features."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch

from fixtures.cached_maps import CLASSES, made_up_maps
from weldon.losses import logistic_loss
from weldon.models import create_model
from weldon.training import head_search
from weldon.training.head_search import HeadSearch, mean_squared_norm, sampled, setting_at


@pytest.fixture
def net():
    net = create_model("test_resnet", len(CLASSES), weights="none", k_max=1, k_min=1)
    net.transfer = torch.nn.Conv2d(16, len(CLASSES), 1)
    torch.nn.init.zeros_(net.transfer.weight)
    return net


def logistic():
    return lambda scores, batch: logistic_loss(scores, batch["target"], batch["known"])


def search(net, dataset, **options):
    return HeadSearch(net, dataset, logistic, one_label=False, epochs=6, **options).run()


def test_the_best_of_what_was_tried_is_chosen_and_no_setting_is_tried_twice(net):
    found = search(net, made_up_maps(120))
    figures = [trial.figure for trial in found.trials]
    assert found.chosen == found.trials[0].setting
    assert figures == sorted(figures, reverse=True)
    assert len({trial.setting for trial in found.trials}) == len(found.trials) >= 9
    assert figures[0] > 0.75  # chance is 0.4


def test_the_walk_goes_on_while_the_best_is_at_the_edge(net, monkeypatch):
    """The best lies two steps up in rate and one down in decay: nine settings are not enough to see it."""
    dataset = made_up_maps(30)
    size = mean_squared_norm(dataset, range(30))
    goal = head_search.setting_at(2, -1, size, 3)

    def nearness(self, settings, images, folds):
        return [-abs(log(s.lr / goal.lr)) - abs(log(s.weight_decay / goal.weight_decay)) for s in settings]

    monkeypatch.setattr(HeadSearch, "_measure", nearness)
    found = search(net, dataset)
    assert found.chosen == goal
    assert len(found.trials) == 9 + 5 + 3  # around (0, 0), (1, -1) and (2, -1)


def test_settings_follow_the_scale_of_the_features():
    """Features times 8 have a squared norm times 64: the rate is divided by it, the decay multiplied."""
    plain, scaled = (mean_squared_norm(made_up_maps(20, scale=by), range(20)) for by in (1.0, 8.0))
    assert scaled == pytest.approx(64 * plain, rel=1e-3)
    one, other = head_search.setting_at(1, -1, plain, 3), head_search.setting_at(1, -1, scaled, 3)
    assert other.lr == pytest.approx(one.lr / 64, rel=0.1)
    assert other.weight_decay == pytest.approx(one.weight_decay * 64, rel=0.1)


def test_every_image_of_a_small_set_is_held_back_once(net):
    assert search(net, made_up_maps(60), rounds=1).held_back == 60


def test_a_fifth_of_a_large_set_is_held_back(net, monkeypatch):
    monkeypatch.setattr(head_search, "FEW", 50)
    assert search(net, made_up_maps(60), rounds=1).held_back == 12


def test_groups_are_held_back_together(net):
    dataset = made_up_maps(60)
    dataset.records = tuple(replace(r, group=f"g{n % 24}") for n, r in enumerate(dataset.records))
    folds = HeadSearch(net, dataset, logistic, one_label=False)._folds(range(60))
    groups = [{dataset.records[index].group for index in fold} for fold in folds]
    assert sum(map(len, groups)) == 24


def test_the_global_random_state_and_the_network_stay(net):
    state, weight = torch.get_rng_state(), net.transfer.weight.clone()
    search(net, made_up_maps(40), rounds=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(net.transfer.weight, weight)


def test_on_the_directions_that_features_have_the_search_finds_what_it_finds_on_all(net, monkeypatch):
    """Features of 16 numbers that lie in 5 directions: no head can see what is left out."""
    dataset = made_up_maps(60)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(16, 16)))[0][:, :5]
    dataset.cached = replace(dataset.cached, maps=(dataset.cached.maps[..., :5] @ turn.T).astype(np.float16))
    whole = search(net, dataset, rounds=1)
    monkeypatch.setattr(head_search, "DIRECTIONS", 5)
    small = search(net, dataset, rounds=1)
    settings = [{trial.setting: trial.figure for trial in found.trials} for found in (whole, small)]
    common = settings[0].keys() & settings[1].keys()
    assert len(common) >= 9
    assert [settings[0][one] for one in common] == pytest.approx(
        [settings[1][one] for one in common], abs=0.02
    )


def test_the_same_search_finds_the_same(net):
    first, second = (search(net, made_up_maps(40), seed=3, rounds=1) for _ in range(2))
    assert first == second


def test_a_head_that_runs_away_is_the_worst(net, monkeypatch):
    usual = {trial.setting: trial.figure for trial in search(net, made_up_maps(40), rounds=1).trials}
    monkeypatch.setattr(head_search, "STEP", 1e12)
    found = search(net, made_up_maps(40), rounds=1)
    assert found.trials[-1].figure == 0.0
    start = head_search.setting_at(0, 0, mean_squared_norm(made_up_maps(40), range(40)), 3)
    reached = next(trial.figure for trial in found.trials if trial.setting == start)
    assert found.trials[0].figure >= reached == pytest.approx(usual[start])


def test_accuracy_counts_images_of_one_label(net):
    dataset = made_up_maps(60)
    dataset.target = torch.nn.functional.one_hot(torch.arange(60) % 3, 3).float()
    search = HeadSearch(net, dataset, logistic, one_label=True)
    scores = torch.zeros(60, 3)
    scores[:, 1] = 1.0
    assert search._figure(scores, [list(range(60))]) == pytest.approx(1 / 3)


def test_the_start_is_that_of_one_class_by_itself_however_many_there_are(net):
    """Of the mean over C classes a class gets a C-th; of a softmax over them it gets all.

    docs/results.md, "one label an image", has what the other start lost on photographs.
    """
    dataset = made_up_maps(40)
    size = mean_squared_norm(dataset, range(40))
    for one_label, losses in ((True, 1), (False, 3)):
        found = HeadSearch(net, dataset, logistic, one_label=one_label, epochs=1, rounds=1).run()
        start = head_search.setting_at(0, 0, size, losses)
        assert start.lr * size == pytest.approx(losses * head_search.RATE, rel=0.05)
        assert start.weight_decay / size == pytest.approx(head_search.DECAY / losses, rel=0.05)
        assert start in [trial.setting for trial in found.trials]


def test_too_few_images_or_groups_leave_the_usual_setting(net):
    few = search(net, made_up_maps(19))
    assert few.held_back == 0
    assert [trial.setting for trial in few.trials] == [
        head_search.setting_at(0, 0, mean_squared_norm(made_up_maps(19), range(19)), 3)
    ]
    dataset = made_up_maps(40)
    dataset.records = tuple(replace(r, group=f"g{n % 3}") for n, r in enumerate(dataset.records))
    assert search(net, dataset).held_back == 0


def test_a_decay_that_was_given_stays(net):
    found = search(net, made_up_maps(40), weight_decay=0.01, rounds=1)
    assert {trial.setting.weight_decay for trial in found.trials} == {0.01}
    assert len(found.trials) >= 3


def test_the_best_of_the_walk_learn_as_long_as_the_head_that_is_kept_before_one_is_chosen(net, monkeypatch):
    """With few steps the higher rate is ahead, with many the lower one."""
    dataset = made_up_maps(30)
    size = mean_squared_norm(dataset, range(30))
    seen = []

    def measured(self, settings, images, folds):
        seen.append((self.epochs, len(settings)))
        ahead = 1 if self.epochs == 6 else -1
        return [ahead * log(s.lr) - 0.01 * abs(log(s.weight_decay / start.weight_decay)) for s in settings]

    start = head_search.setting_at(0, 0, size, 3)
    monkeypatch.setattr(HeadSearch, "_measure", measured)
    walked = search(net, dataset)
    found = search(net, dataset, final_epochs=20)
    again, rest = found.trials[: head_search.FINALISTS], found.trials[head_search.FINALISTS :]
    assert rest == walked.trials
    assert {trial.setting for trial in again} == {t.setting for t in walked.trials[: head_search.FINALISTS]}
    assert [trial.epochs for trial in (again[0], rest[0])] == [20, 6]
    assert seen[-1] == (20, head_search.FINALISTS)
    assert found.chosen.lr == min(trial.setting.lr for trial in again) < walked.chosen.lr
    assert search(net, dataset, final_epochs=6) == walked


def test_another_loss_walks_from_the_best_of_the_first_and_is_chosen_where_it_is_better(net, monkeypatch):
    """The best rate of the other loss lies two steps from that of the run's own, over worse settings."""
    dataset = made_up_maps(30)
    size = mean_squared_norm(dataset, range(30))
    goals = {None: (1, 0, 0.6), "other": (-1, 2, 0.7)}

    def nearness(self, settings, images, folds):
        figures = []
        for setting in settings:
            rate, decay, top = goals[setting.loss]
            goal = head_search.setting_at(rate, decay, size, 3)
            off = abs(log(setting.lr / goal.lr)) + abs(log(setting.weight_decay / goal.weight_decay))
            figures.append(top - 0.1 * off)
        return figures

    monkeypatch.setattr(HeadSearch, "_measure", nearness)
    found = search(net, dataset, losses={"other": logistic})
    expected = head_search.setting_at(-1, 2, size, 3)
    assert (found.chosen.loss, found.chosen.lr) == ("other", expected.lr)
    goals["other"] = (-1, 2, 0.5)
    assert search(net, dataset, losses={"other": logistic}).chosen.loss is None


def test_a_head_learns_by_the_loss_of_its_setting(net):
    """A loss without a gradient leaves every class at zero: chance, where the logistic loss does better."""
    idle = {"idle": lambda: lambda scores, batch: scores.sum() * 0}
    found = search(net, made_up_maps(60), losses=idle, rounds=1)
    by_loss = {name: {t.figure for t in found.trials if t.setting.loss == name} for name in (None, "idle")}
    assert found.chosen.loss is None
    assert max(by_loss["idle"]) < 0.6 < 0.75 < max(by_loss[None])


def test_counts_are_tried_where_the_walk_stands_and_the_best_walk_on(net, monkeypatch):
    """The best rate of one region is a step above that of the network's own counts."""
    dataset = made_up_maps(30)
    size = mean_squared_norm(dataset, range(30))
    goal = replace(head_search.setting_at(2, 0, size, 3), k_max=1, k_min=0)

    def nearness(self, settings, images, folds):
        return [-abs(log(s.lr / goal.lr)) - 9 * ((s.k_max, s.k_min) != (1, 0)) for s in settings]

    monkeypatch.setattr(HeadSearch, "_measure", nearness)
    found = search(net, dataset, counts=(("all", "all"), (1, 0)))
    assert (found.chosen.lr, found.chosen.k_max, found.chosen.k_min) == (goal.lr, 1, 0)
    assert len({trial.setting for trial in found.trials}) == len(found.trials)
    assert len([trial for trial in found.trials if trial.setting.k_max == "all"]) == 1


def test_one_region_is_found_where_a_class_shows_in_one_cell(net):
    found = search(net, made_up_maps(120), counts=(("all", "all"), (1, 0)), rounds=1)
    reached = {(t.setting.k_max, t.setting.k_min): t.figure for t in reversed(found.trials)}
    assert reached[1, 0] > reached["all", "all"]


def test_without_a_round_nothing_is_tried(net):
    found = HeadSearch(net, made_up_maps(40), logistic, one_label=False, rounds=0).run()
    assert (found.held_back, len(found.trials)) == (0, 1)
    size = mean_squared_norm(made_up_maps(40), range(40))
    assert found.chosen == setting_at(0, 0, size, len(CLASSES))


def test_of_many_images_as_many_are_drawn_as_are_enough_by_the_seed():
    few = sampled(24, 0, most=5)
    assert len(few) == 5
    assert few == sorted(set(few)) == sampled(24, 0, most=5) != sampled(24, 1, most=5)
    assert sampled(24, 0) == list(range(24))
