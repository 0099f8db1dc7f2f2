from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from reference.bag_problems import planted_problem
from weldon.pooling import AveragePool
from weldon.structured import (
    BagDataset,
    LogLinear,
    MultiClass,
    Problem,
    Schedule,
    build_latent_rule,
    pack,
    solve_stochastic,
)

BAGS, LABELS = planted_problem(21, 3, features=4, sizes=(3, 5))


def _problem(bags=BAGS, pool="mantra", weight=None) -> Problem:
    return Problem(pack(bags), LABELS, weight, MultiClass(), build_latent_rule(pool), 0.1)


def _solve(problem, schedule, bags=BAGS, **options):
    scorer = LogLinear(4, 3).double()
    history = solve_stochastic(problem, bags, scorer, schedule, random=np.random.RandomState(0), **options)
    return scorer, history


def _schedule(**options) -> Schedule:
    return Schedule(**{"epochs": 4, "batch_size": 5, "learning_rate": 0.05} | options)


def test_dense_features_are_packed_without_a_copy():
    assert pack(BAGS).values.numpy().base is not None
    assert np.shares_memory(pack(BAGS).values.numpy(), BAGS.values)


def test_features_that_cannot_be_written_are_packed_all_the_same():
    frozen = np.ones((3, 2))
    frozen.flags.writeable = False
    assert pack(BagDataset(frozen, [0, 1, 3])).values.shape == (3, 2)


@pytest.mark.parametrize("dense", [True, False])
def test_sparse_features_stay_sparse_unless_asked(dense):
    values = pack(BAGS.with_values(sp.csr_array(BAGS.values)), dense=dense).values
    assert isinstance(values, torch.Tensor) is dense
    assert sp.issparse(values) is not dense


def test_sparse_and_dense_bags_take_the_same_steps():
    sparse = BAGS.with_values(sp.csr_array(BAGS.values))
    weights = [_solve(_problem(bags), _schedule(), bags)[0].weight for bags in (BAGS, sparse)]
    torch.testing.assert_close(*weights)


def test_a_pass_shows_every_bag_once(monkeypatch):
    seen: list[torch.Tensor] = []
    loss = Problem.loss
    monkeypatch.setattr(Problem, "loss", lambda self, flat: seen.append(self.target) or loss(self, flat))
    _solve(_problem(), _schedule(epochs=1))
    _, *batches, _ = seen  # the objective before and after is of all bags
    assert [len(batch) for batch in batches] == [5, 5, 5, 5, 1]
    assert torch.equal(torch.cat(batches).sort().values, LABELS.sort().values)


@pytest.mark.parametrize("size", [None, 21, 100])
def test_a_batch_of_all_bags_needs_no_order(size):
    one, other = (_solve(_problem(), _schedule(batch_size=batch))[0] for batch in (size, None))
    assert torch.equal(one.weight, other.weight)


def test_the_warm_up_is_the_average():
    warm, _ = _solve(_problem(), _schedule(warm_up=1.0, epochs=1))
    average, _ = _solve(_problem(pool="avg"), _schedule(epochs=1))
    cold, _ = _solve(_problem(), _schedule(warm_up=0.0, epochs=1))
    assert torch.equal(warm.weight, average.weight)
    assert not torch.equal(warm.weight, cold.weight)


def test_a_rule_of_several_maps_is_not_warmed_up():
    """Its scores are of maps, which the average over regions does not join to classes."""
    problem = replace(_problem(), pool=build_latent_rule("wildcat", maps_per_class=2))
    scorer = LogLinear(4, 6).double()
    history = solve_stochastic(problem, BAGS, scorer, _schedule(), random=np.random.RandomState(0))
    assert history[-1]["objective"] < history[0]["objective"]


def test_bags_of_weight_zero_move_nothing_in_any_batch():
    """Not even where a whole batch has no weight."""
    weight = torch.zeros(21, dtype=torch.float64)
    weight[:3] = 1.0
    moved = BAGS.values.copy()
    moved[BAGS.offsets[3] :] += 50.0
    scorers = []
    for values in (BAGS.values, moved):
        bags = BAGS.with_values(values)
        scorers.append(_solve(_problem(bags, weight=weight), _schedule(batch_size=2), bags)[0])
    torch.testing.assert_close(scorers[0].weight, scorers[1].weight)


def test_there_is_a_record_before_the_first_pass_and_after_each():
    seen: list[dict[str, float]] = []
    _, history = _solve(_problem(), _schedule(epochs=3), report=seen.append)
    assert seen == history
    assert [record["round"] for record in history] == [0, 1, 2, 3]
    assert history[0]["objective"] == pytest.approx(1.0)  # scores of 0: the cost of the other classes


def test_a_step_that_is_far_too_long_leaves_the_start():
    scorer, history = _solve(_problem(), _schedule(learning_rate=1e3, epochs=1))
    assert history[1]["objective"] > history[0]["objective"]
    assert not scorer.weight.any()


def test_the_scorer_is_left_ready_to_answer():
    scorer = torch.nn.Sequential(torch.nn.Dropout(0.5), LogLinear(4, 3)).double()
    solve_stochastic(_problem(), BAGS, scorer, _schedule(epochs=1), random=np.random.RandomState(0))
    assert not scorer.training


def test_the_problem_is_not_touched():
    problem = _problem()
    _solve(problem, _schedule())
    assert not isinstance(problem.pool, AveragePool)
    assert torch.equal(problem.target, LABELS)
