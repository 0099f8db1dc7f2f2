from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from reference.bag_problems import planted_problem
from weldon.structured import (
    Binary,
    LinearScores,
    MultiClass,
    MultiLabel,
    Problem,
    Ranking,
    build_latent_rule,
    pack,
    solve_concave_convex,
)
from weldon.structured.concave_convex import ConvexBound

SPACES = {"binary": Binary(), "multi-class": MultiClass(), "multi-label": MultiLabel(), "ranking": Ranking()}
RULES = ["lssvm", "gap", "mantra", "weldon", "hcrf", "epsilon"]


def _problem(space, rule: str = "mantra") -> tuple[Problem, LinearScores]:
    classes = 2 if isinstance(space, Binary) else 3
    bags, labels = planted_problem(14, classes, features=4, sizes=(3, 5))
    target = labels
    if isinstance(space, MultiLabel | Ranking):
        target = torch.nn.functional.one_hot(labels, classes).double()
    problem = Problem(pack(bags), target, None, space, build_latent_rule(rule), 0.1)
    return problem, LinearScores(problem.bags.values, space.num_scores(classes), True)


def _point(linear: LinearScores, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(linear.size, dtype=torch.float64, generator=generator)


@pytest.fixture(params=SPACES.values(), ids=SPACES)
def space(request):
    return request.param


@pytest.mark.parametrize("rule", RULES)
def test_the_bound_touches_the_loss_and_is_nowhere_below_it(space, rule):
    problem, linear = _problem(space, rule)
    here = _point(linear, 0)
    bound = ConvexBound.at(problem, linear, here)
    assert bound.value(bound.scores(here)) == pytest.approx(float(problem.loss(linear.scores(here))))
    for seed in range(1, 6):
        scores = linear.scores(_point(linear, seed))
        assert bound.value(scores) >= float(problem.loss(scores)) - 1e-9


@pytest.mark.parametrize("rule", RULES)
def test_the_bound_is_convex_and_its_slope_supports_it(space, rule):
    problem, linear = _problem(space, rule)
    bound = ConvexBound.at(problem, linear, _point(linear, 0))
    for seed in range(1, 6):
        one, other = _point(linear, seed), _point(linear, seed + 10)
        value, slope = bound.slope(linear.scores(one))
        assert value == pytest.approx(bound.value(linear.scores(one)))
        assert bound.value(linear.scores(other)) >= value + float(slope @ (other - one)) - 1e-9


def test_the_start_is_the_first_record():
    problem, linear = _problem(MultiClass())
    start = 0.1 * _point(linear, 0)
    _, history = solve_concave_convex(problem, linear, start, max_iter=1)
    expected = float(problem.objective(linear.scores(start), [start]))
    assert history[0]["objective"] == pytest.approx(expected)
    assert history[0]["planes"] == 0


def test_the_parameters_are_those_of_the_last_objective(space):
    problem, linear = _problem(space)
    vector, history = solve_concave_convex(problem, linear, torch.zeros(linear.size).double(), max_iter=1)
    found = float(problem.objective(linear.scores(vector), [vector]))
    assert history[-1]["objective"] == pytest.approx(found)


def test_stops_after_the_rounds_it_is_given():
    problem, linear = _problem(MultiClass())
    start = torch.zeros(linear.size, dtype=torch.float64)
    _, history = solve_concave_convex(problem, linear, start, tol=1e-12, max_iter=2)
    assert len(history) == 3


def test_stops_when_a_round_gains_too_little():
    problem, linear = _problem(MultiClass())
    _, history = solve_concave_convex(problem, linear, tol=0.05)
    gains = [1 - after["objective"] / before["objective"] for before, after in pairwise(history)]
    assert len(history) < 51
    assert gains[-1] <= 0.05
    assert all(gain > 0.05 for gain in gains[:-1])


def test_a_rule_of_several_maps_begins_at_nothing():
    problem, _ = _problem(MultiClass())
    rule = build_latent_rule("wildcat", maps_per_class=2)
    several = Problem(problem.bags, problem.target, None, problem.space, rule, 0.1)
    _, history = solve_concave_convex(several, LinearScores(problem.bags.values, 6, True), max_iter=2)
    assert history[0]["objective"] == pytest.approx(1.0)  # scores of 0: the cost of the other classes
    assert history[-1]["objective"] <= history[0]["objective"]
