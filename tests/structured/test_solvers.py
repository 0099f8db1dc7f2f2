from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

from reference.bag_problems import planted_bags, planted_problem
from reference.structured import multiclass_objective
from weldon.structured import (
    Binary,
    LinearScores,
    LogLinear,
    MultiClass,
    MultiLabel,
    Problem,
    Ranking,
    Schedule,
    build_latent_rule,
    pack,
    solve_concave_convex,
    solve_stochastic,
)

RULES = ["gap", "lssvm", "hcrf", "mantra"]
SPACES = {"multi-class": (MultiClass(), 3), "binary": (Binary(), 2), "ranking": (Ranking(), 2)}
SPACES["multi-label"] = (MultiLabel(), 3)
DECAY = 0.1
NON_CONVEX = [("multi-class", rule) for rule in RULES[1:]] + [
    (space, "mantra") for space in ("binary", "multi-label", "ranking")
]


def _problem(space, classes: int, rule: str, **options):
    bags, labels = planted_problem(20, classes, features=4, sizes=(8, 9), signal=3.0)
    target = labels
    if isinstance(space, MultiLabel | Ranking):
        target = torch.nn.functional.one_hot(labels, classes).double()
    problem = Problem(pack(bags), target, None, space, build_latent_rule(rule, **options), DECAY)
    return problem, bags, LinearScores(problem.bags.values, space.num_scores(classes), True)


@cache
def _deterministic(space: str, rule: str):
    """The problem and where the deterministic solver ends from its own start; several tests ask for it."""
    problem, bags, linear = _problem(*SPACES[space], rule)
    return problem, bags, linear, *solve_concave_convex(problem, linear)


def _stochastic(problem, bags, columns: int, *, epochs=100, seed=0, start=None, learning_rate=0.05):
    """Mini-batches of ten bags, but for rankings, whose loss is that of the whole set."""
    scorer = LogLinear(bags.num_features, columns).double()
    if start is not None:
        scorer.load_state_dict(start)
    ranks = isinstance(problem.space, Ranking)
    schedule = Schedule(
        epochs=2 * epochs if ranks else epochs,
        batch_size=None if ranks else 10,
        learning_rate=learning_rate,
        warm_up=0.0 if start is not None else 0.2,
    )
    return scorer, solve_stochastic(problem, bags, scorer, schedule, random=np.random.RandomState(seed))


def _lowest(records) -> float:
    return min(record["objective"] for record in records)


def test_both_solvers_reach_the_same_objective_where_there_is_one_minimum():
    problem, bags, _, _, rounds = _deterministic("multi-class", "gap")
    _, epochs = _stochastic(problem, bags, 3)
    assert rounds[-1]["objective"] == pytest.approx(_lowest(epochs), rel=0.01)


@pytest.mark.parametrize(("space", "rule"), NON_CONVEX)
def test_where_the_stochastic_solver_ends_the_deterministic_ends_too(space, rule):
    problem, bags, linear = _problem(*SPACES[space], rule)
    scorer, epochs = _stochastic(problem, bags, linear.num_scores)
    _, rounds = solve_concave_convex(problem, linear, linear.join(scorer.weight, scorer.bias))
    assert _lowest(epochs) < 0.9 * epochs[0]["objective"]
    assert rounds[-1]["objective"] == pytest.approx(_lowest(epochs), rel=0.01)


@pytest.mark.parametrize(("space", "rule"), NON_CONVEX)
def test_where_the_deterministic_solver_ends_the_stochastic_stays(space, rule):
    problem, bags, linear, vector, rounds = _deterministic(space, rule)
    weight, bias = linear.split(vector)
    start = {"weight": weight, "bias": bias}
    _, epochs = _stochastic(problem, bags, linear.num_scores, start=start, epochs=40, learning_rate=0.003)
    assert _lowest(epochs) == pytest.approx(rounds[-1]["objective"], rel=0.01)


@pytest.mark.parametrize("rule", RULES)
def test_no_round_raises_the_objective(rule):
    *_, rounds = _deterministic("multi-class", rule)
    objectives = [record["objective"] for record in rounds]
    assert objectives == sorted(objectives, reverse=True)
    assert rounds[-1]["planes"] > 0


def test_a_convex_problem_is_solved_in_one_round_to_its_bound():
    problem, _, linear = _problem(MultiClass(), 3, "gap")
    _, rounds = solve_concave_convex(problem, linear, torch.zeros(linear.size, dtype=torch.float64))
    assert rounds[-1]["objective"] <= rounds[-1]["bound"] * 1.002


@pytest.mark.parametrize("rule", ["max", "avg", "mantra"])
def test_the_recorded_objective_is_equation_7(rule):
    bags, labels = planted_bags(20, 3, features=4, sizes=(8, 9), signal=3.0)
    problem, _, _ = _problem(MultiClass(), 3, rule)
    linear = LinearScores(problem.bags.values, 3, False)
    vector, rounds = solve_concave_convex(problem, linear, max_iter=2)
    expected = multiclass_objective(bags, labels.tolist(), vector.view(3, -1).numpy(), DECAY, rule)
    assert rounds[-1]["objective"] == pytest.approx(expected)


def test_the_stochastic_solver_leaves_the_best_of_its_epochs():
    problem, bags, _ = _problem(MultiClass(), 3, "mantra")
    scorer, epochs = _stochastic(problem, bags, 3, epochs=5)
    with torch.no_grad():
        objective = problem.objective(scorer(problem.bags.values), scorer.parameters())
    assert float(objective) == pytest.approx(min(e["objective"] for e in epochs))


def test_both_solvers_are_reproducible():
    problem, bags, linear = _problem(MultiClass(), 3, "mantra")
    vectors = [solve_concave_convex(problem, linear, max_iter=3)[0] for _ in range(2)]
    assert torch.equal(*vectors)
    weights = [_stochastic(problem, bags, 3, epochs=3, seed=7)[0].weight for _ in range(2)]
    assert torch.equal(*weights)


def test_a_weight_counts_a_bag_so_often():
    bags, labels = planted_problem(15, 2)
    weight = torch.arange(15, dtype=torch.float64) % 3
    repeated = np.repeat(np.arange(15), weight.long().numpy())
    many = bags[repeated]
    rule = build_latent_rule("mantra")
    objectives = []
    for some, target, count in ((bags, labels, weight), (many, labels[torch.from_numpy(repeated)], None)):
        problem = Problem(pack(some), target, count, Binary(), rule, 0.1)
        linear = LinearScores(problem.bags.values, 1, True)
        objectives.append(solve_concave_convex(problem, linear, tol=1e-5)[1][-1]["objective"])
    assert objectives[0] == pytest.approx(objectives[1], rel=1e-4)


def test_reports_each_record_as_it_is_made():
    problem, _, linear = _problem(Binary(), 2, "mantra")
    seen: list[dict[str, float]] = []
    _, rounds = solve_concave_convex(problem, linear, max_iter=2, report=seen.append)
    assert seen == rounds
    assert [record["round"] for record in seen] == list(range(len(seen)))
