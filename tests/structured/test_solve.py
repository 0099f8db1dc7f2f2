from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from reference.bag_problems import planted_problem
from weldon.errors import UsageError
from weldon.structured import LogLinear, MultiClass, Problem, build_latent_rule, pack
from weldon.structured.solve import SolverOptions, build_scorer, fit_scorer, instance_scores, seeded

BAGS, LABELS = planted_problem(15, 3, features=4, sizes=(3, 5))
PACKED = pack(BAGS)


def _options(**options) -> SolverOptions:
    defaults = {"solver": "auto", "max_iter": 2, "tol": 0.01, "batch_size": 5, "learning_rate": 0.05}
    return SolverOptions(**defaults | {"verbose": False} | options)


def _fit(scorer=None, *, bags=BAGS, resume=False, **options):
    problem = Problem(pack(bags), LABELS, None, MultiClass(), build_latent_rule("mantra"), 0.1)
    scorer = scorer or build_scorer(None, problem.bags, 3, intercept=True, seed=0)
    random = np.random.RandomState(0)
    return scorer, *fit_scorer(problem, bags, scorer, _options(**options), random=random, resume=resume)


def _build(scorer, *, seed=0, num_scores=3):
    return build_scorer(scorer, PACKED, num_scores, intercept=True, seed=seed)


def test_without_a_scorer_it_is_log_linear_in_the_dtype_of_the_features():
    narrow = pack(BAGS.with_values(BAGS.values.astype(np.float32)))
    scorer = build_scorer(None, narrow, 2, intercept=False, seed=0)
    assert isinstance(scorer, LogLinear)
    assert scorer.weight.shape == (2, 4)
    assert scorer.weight.dtype == torch.float32
    assert scorer.bias is None


def test_a_module_is_copied_and_never_trained_itself():
    given = torch.nn.Linear(4, 3)
    before = given.weight.clone()
    scorer, _, _ = _fit(_build(given))
    assert torch.equal(given.weight, before)
    assert given.weight.dtype == torch.float32
    assert not torch.allclose(scorer.weight.float(), before)


def test_a_function_is_given_the_numbers_and_starts_by_the_seed():
    one, same, other = (_build(torch.nn.Linear, seed=seed).weight for seed in (0, 0, 1))
    assert one.shape == (3, 4)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.mark.parametrize(
    ("scorer", "message"),
    [
        (torch.nn.Linear(4, 2), "3 scores"),
        (torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Flatten(0)), "3 scores"),
        (lambda features, scores: "linear", "got str"),
    ],
)
def test_a_scorer_of_another_kind_is_refused(scorer, message):
    with pytest.raises(UsageError, match=message):
        _build(scorer)


def test_auto_is_deterministic_for_a_small_log_linear_problem():
    assert _fit()[1] == "cccp"


def test_auto_goes_by_mini_batches_for_a_scorer_of_ones_own():
    assert _fit(_build(torch.nn.Linear))[1] == "stochastic"


@pytest.mark.parametrize("sparse", [True, False])
def test_auto_goes_by_mini_batches_when_features_are_many(monkeypatch, sparse):
    """Of sparse features those that are stored count."""
    values = BAGS.values.copy()
    values[:, 1:] = 0.0
    bags = BAGS.with_values(sp.csr_array(values) if sparse else values)
    monkeypatch.setattr("weldon.structured.solve._DETERMINISTIC_VALUES", len(values))
    assert _fit(bags=bags)[1] == ("cccp" if sparse else "stochastic")


def test_the_deterministic_solver_refuses_a_scorer_of_ones_own():
    with pytest.raises(UsageError, match="stochastic"):
        _fit(_build(torch.nn.Linear), solver="cccp")


@pytest.mark.parametrize("solver", ["cccp", "stochastic"])
def test_both_solvers_leave_the_scorer_at_the_objective_they_report(solver):
    scorer, _, history = _fit(solver=solver)
    problem = Problem(PACKED, LABELS, None, MultiClass(), build_latent_rule("mantra"), 0.1)
    found = problem.objective(instance_scores(scorer, PACKED), scorer.parameters())
    assert float(found.detach()) == pytest.approx(min(record["objective"] for record in history))


@pytest.mark.parametrize("solver", ["cccp", "stochastic"])
def test_resuming_begins_where_the_scorer_stands(solver):
    scorer, _, first = _fit(solver=solver)
    _, _, second = _fit(scorer, solver=solver, resume=True)
    assert second[0]["objective"] == pytest.approx(min(record["objective"] for record in first))


@pytest.mark.parametrize(("batch_size", "epochs"), [(None, 300), (5, 300), (1, 200)])
def test_there_are_three_thousand_steps_and_at_most_three_hundred_passes(monkeypatch, batch_size, epochs):
    seen = []
    monkeypatch.setattr(
        "weldon.structured.solve.solve_stochastic", lambda *a, **k: seen.append(a[3].epochs) or []
    )
    _fit(solver="stochastic", max_iter=None, batch_size=batch_size)
    assert seen == [epochs]


def test_progress_is_printed_only_when_asked(capsys):
    _fit(solver="stochastic")
    assert capsys.readouterr().out == ""
    _, _, history = _fit(solver="stochastic", verbose=True)
    assert len(capsys.readouterr().out.splitlines()) == len(history)


def test_scores_of_instances_carry_no_gradient():
    scores = instance_scores(_build(None), PACKED)
    assert scores.shape == (len(BAGS.values), 3)
    assert not scores.requires_grad


def test_a_seed_gives_both_sources_again():
    (one, first), (other, second) = seeded(7), seeded(7)
    assert first == second
    assert one.rand() == other.rand()
