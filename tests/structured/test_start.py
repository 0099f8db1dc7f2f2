from __future__ import annotations

import pytest
import torch

from reference.bag_problems import planted_problem
from weldon.structured import LinearScores, MultiClass, Problem, build_latent_rule, pack
from weldon.structured.start import average_problem, descend


def _problem(rule: str, **options) -> tuple[Problem, LinearScores]:
    bags, labels = planted_problem(12, 3, features=4, sizes=(5, 6))
    problem = Problem(pack(bags), labels, None, MultiClass(), build_latent_rule(rule, **options), 0.1)
    maps = getattr(problem.pool, "maps_per_class", 1)
    return problem, LinearScores(problem.bags.values, 3 * maps, True)


def _value(problem: Problem, linear: LinearScores, vector: torch.Tensor) -> float:
    return float(problem.objective(linear.scores(vector), [vector]))


@pytest.mark.parametrize("rule", ["lssvm", "mantra", "hcrf"])
def test_descends_from_where_it_begins_and_leaves_that_alone(rule):
    problem, linear = _problem(rule)
    start = torch.linspace(-1, 1, linear.size, dtype=torch.float64)
    before = start.clone()
    assert _value(problem, linear, descend(problem, linear, start)) < 0.9 * _value(problem, linear, start)
    assert torch.equal(start, before)


def test_descent_is_never_worse_than_a_minimum_it_begins_at():
    problem, linear = _problem("mantra")
    low = descend(problem, linear, torch.ones(linear.size, dtype=torch.float64))
    assert _value(problem, linear, descend(problem, linear, low)) <= _value(problem, linear, low)


def test_several_maps_a_class_have_no_average_problem():
    assert average_problem(_problem("wildcat", maps_per_class=2)[0]) is None
    averaged = average_problem(_problem("mantra")[0])
    assert averaged is not None
    assert type(averaged.pool).__name__ == "AveragePool"
