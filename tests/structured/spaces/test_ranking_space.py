from __future__ import annotations

import numpy as np
import pytest
import torch

from reference.structured import average_precision_of_ranks, ranking_score, rankings
from weldon.structured import Ranking

RELEVANT = np.array([True, False, False, True, False])


def _scores(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=5)


def _column(values) -> torch.Tensor:
    return torch.tensor(np.asarray(values, dtype=np.float64))[:, None]


def _value(scores: np.ndarray, ranks: tuple[int, ...]) -> float:
    delta = 1 - average_precision_of_ranks(RELEVANT, ranks)
    return delta + ranking_score(scores, RELEVANT, ranks)


@pytest.mark.parametrize("seed", range(5))
def test_loss_augmented_inference_beats_every_ranking(seed):
    scores = _scores(seed)
    found = Ranking().loss_augmented_inference(_column(scores), _column(RELEVANT))
    ranks = tuple(found[:, 0].round().long().tolist())
    assert sorted(ranks) == list(range(5))
    assert _value(scores, ranks) == pytest.approx(max(_value(scores, r) for r in rankings(5)))


@pytest.mark.parametrize("seed", range(5))
def test_loss_is_the_structured_hinge(seed):
    scores = _scores(seed)
    truth = tuple(int(rank) for rank in np.argsort(np.argsort(~RELEVANT, kind="stable")))
    expected = max(_value(scores, r) for r in rankings(5)) - ranking_score(scores, RELEVANT, truth)
    assert float(Ranking().loss(_column(scores), _column(RELEVANT))) == pytest.approx(expected)


def test_decode_puts_the_highest_score_first():
    assert Ranking().decode(_column([0.1, 3.0, 2.0]))[:, 0].tolist() == [2, 0, 1]


def test_delta_is_one_less_average_precision():
    scores = _scores(9)
    ranks = Ranking().decode(_column(scores))
    expected = 1 - average_precision_of_ranks(RELEVANT, tuple(ranks[:, 0].long().tolist()))
    assert float(Ranking().delta(_column(RELEVANT), ranks)[0]) == pytest.approx(expected)


def test_unknown_examples_are_not_ranked():
    scores, target = _column([0.0, 9.0, 0.25]), _column([1, np.nan, 0])
    alone = Ranking().loss(scores[[0, 2]], target[[0, 2]])
    assert Ranking().loss(scores, target) == alone
    assert Ranking().loss_augmented_inference(scores, target)[1].isnan().all()


def test_weight_zero_leaves_an_example_out():
    scores, target = _column([0.0, 9.0, 0.25]), _column([1, 0, 0])
    weight = torch.tensor([1.0, 0.0, 1.0])
    assert Ranking().loss(scores, target, weight) == Ranking().loss(scores[[0, 2]], target[[0, 2]])


def test_loss_falls_in_the_relevant_and_rises_in_the_others():
    scores = _column(_scores(2)).requires_grad_()
    target = _column(RELEVANT)
    (slope,) = torch.autograd.grad(Ranking().loss(scores, target), scores)
    wanted = Ranking().wanted(target, 1)
    assert (slope[wanted] <= 0).all()
    assert (slope[~wanted] >= 0).all()
