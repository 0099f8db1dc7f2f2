from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from weldon.structured import Binary, MultiClass, MultiLabel, Ranking, calibrate_beta

SCORES = torch.from_numpy(np.random.default_rng(0).normal(size=(2000, 3)))


def _drawn(space, beta: float) -> torch.Tensor:
    """An answer to each example, drawn from the probabilities of this temperature."""
    chance = space.probabilities(SCORES, beta=beta)
    return torch.multinomial(chance, 1, generator=torch.Generator().manual_seed(0)).squeeze(1)


@pytest.mark.parametrize("beta", [0.5, 4.0])
def test_finds_the_temperature_that_the_answers_were_drawn_at(beta):
    assert calibrate_beta(MultiClass(), SCORES, _drawn(MultiClass(), beta)) == pytest.approx(beta, rel=0.15)


def test_no_temperature_has_a_lower_log_loss():
    truth, weight = _drawn(MultiClass(), 2.0), torch.ones(2000, dtype=torch.float64)
    found = calibrate_beta(MultiClass(), SCORES, truth)
    losses = [float(MultiClass().log_loss(SCORES, truth, weight, beta=found * by)) for by in (1, 0.9, 1.1)]
    assert losses[0] == min(losses)


def test_scores_twice_as_large_want_half_the_temperature():
    truth = _drawn(MultiClass(), 2.0)
    once, twice = (calibrate_beta(MultiClass(), scores, truth) for scores in (SCORES, 2 * SCORES))
    assert twice == pytest.approx(once / 2, rel=1e-4)


def test_labels_side_by_side_share_one_temperature():
    scores = torch.ones(4, 2)
    target = torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, 0.0], [1.0, torch.nan]])  # six of seven
    assert calibrate_beta(MultiLabel(), scores, target) == pytest.approx(math.log(6), rel=1e-3)


def test_a_weight_counts_an_example_so_often():
    scores, truth = torch.ones(2, 1), torch.tensor([1, 0])
    weight = torch.tensor([3.0, 1.0])
    assert calibrate_beta(Binary(), scores, truth, weight) == pytest.approx(math.log(3), rel=1e-3)


def test_scores_that_say_nothing_keep_temperature_one():
    assert calibrate_beta(Binary(), torch.zeros(3, 1), torch.tensor([0, 1, 1])) == 1.0


@pytest.mark.parametrize(("truth", "sure"), [([1, 0], True), ([0, 1], False)])
def test_right_everywhere_is_sure_and_wrong_everywhere_is_not(truth, sure):
    scores = torch.tensor([[1.0], [-1.0]])
    beta = calibrate_beta(Binary(), scores, torch.tensor(truth))
    assert math.isfinite(beta)
    assert (beta > 10) if sure else (beta < 0.1)


def test_a_space_without_probabilities_says_so():
    with pytest.raises(NotImplementedError, match="Ranking"):
        calibrate_beta(Ranking(), torch.ones(2, 1), torch.tensor([[1.0], [0.0]]))
