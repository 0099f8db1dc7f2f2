from __future__ import annotations

import numpy as np
import pytest
import torch

from reference.bag_problems import planted_bags
from reference.structured import bag_scores, multiclass_objective
from weldon.structured import BagDataset, MultiClass, Problem, build_latent_rule, pack, region_scores
from weldon.structured.objective import penalty

BAGS, LABELS = planted_bags(9, 3)
WEIGHT = np.random.default_rng(5).normal(size=(3, 6))
DECAY = 0.2


def _problem(rule: str, weight: torch.Tensor | None = None) -> Problem:
    packed = pack(BagDataset.from_list(BAGS))
    return Problem(packed, torch.from_numpy(LABELS), weight, MultiClass(), build_latent_rule(rule), DECAY)


def _flat(problem: Problem) -> torch.Tensor:
    return region_scores(problem.bags.values, torch.from_numpy(WEIGHT))


@pytest.mark.parametrize("rule", ["max", "avg", "mantra"])
def test_is_equation_7_by_loops(rule):
    problem = _problem(rule)
    found = problem.objective(_flat(problem), [torch.from_numpy(WEIGHT)])
    assert float(found) == pytest.approx(multiclass_objective(BAGS, LABELS.tolist(), WEIGHT, DECAY, rule))


def test_pools_each_bag_by_itself():
    problem = _problem("mantra")
    expected = bag_scores(BAGS, WEIGHT, "mantra")
    np.testing.assert_allclose(problem.bag_scores(_flat(problem)), expected)


def test_is_the_loss_and_the_penalty():
    problem, parameters = _problem("mantra"), [torch.from_numpy(WEIGHT)]
    flat = _flat(problem)
    parts = problem.loss(flat) + penalty(parameters, DECAY)
    assert float(problem.objective(flat, parameters)) == pytest.approx(float(parts))


def test_a_weight_of_zero_leaves_a_bag_out():
    weight = torch.zeros(9)
    weight[4] = 2.0
    problem = _problem("max", weight)
    alone = multiclass_objective([BAGS[4]], [int(LABELS[4])], WEIGHT, 0.0, "max")
    assert float(problem.loss(_flat(problem))) == pytest.approx(alone)


def test_the_penalty_is_over_all_parameters():
    assert float(penalty([torch.tensor([1.0]), torch.tensor([[2.0], [2.0]])], 0.5)) == 0.25 * 9


def test_nothing_to_penalise_costs_nothing():
    assert float(penalty([], 0.5)) == 0
