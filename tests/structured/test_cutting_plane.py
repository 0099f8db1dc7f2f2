from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from sklearn.svm import LinearSVC

from reference.bag_problems import planted_bags
from weldon.pooling import build_pooling
from weldon.structured import BagDataset, Binary, LinearScores, Problem, pack
from weldon.structured.concave_convex import ConvexBound
from weldon.structured.cutting_plane import minimise_on_simplex, minimise_risk


def _cost(gram, linear, alpha):
    return 0.5 * alpha @ gram @ alpha - linear @ alpha


def _problem(seed: int, planes: int, rank: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(planes, rank))
    return rows @ rows.T, random.normal(size=planes)


def _first(planes: int) -> np.ndarray:
    return np.eye(planes)[0]


@pytest.mark.parametrize(("planes", "rank"), [(1, 1), (2, 1), (6, 10), (12, 4), (30, 3)])
@pytest.mark.parametrize("seed", range(3))
def test_meets_the_optimality_conditions(planes, rank, seed):
    gram, linear = _problem(seed, planes, rank)
    alpha = minimise_on_simplex(gram, linear, _first(planes), tol=1e-9)
    slope = gram @ alpha - linear
    assert (alpha >= 0).all()
    assert alpha.sum() == pytest.approx(1)
    assert slope.min() >= slope @ alpha - 1e-6


def test_agrees_with_a_general_solver():
    gram, linear = _problem(4, 8, 5)
    alpha = minimise_on_simplex(gram, linear, np.full(8, 1 / 8), tol=1e-10)
    other = minimize(
        lambda a: _cost(gram, linear, a),
        np.full(8, 1 / 8),
        method="SLSQP",
        bounds=[(0, 1)] * 8,
        constraints={"type": "eq", "fun": lambda a: a.sum() - 1},
        options={"ftol": 1e-12},
    )
    assert _cost(gram, linear, alpha) <= other.fun + 1e-8


def test_parallel_planes_are_no_difficulty():
    gram = np.ones((5, 5))
    alpha = minimise_on_simplex(gram, np.array([0.0, 1.0, 1.0, 0.5, 1.0]), _first(5), tol=1e-9)
    assert _cost(gram, np.array([0.0, 1.0, 1.0, 0.5, 1.0]), alpha) == pytest.approx(-0.5)


def test_the_start_is_not_touched():
    gram, linear = _problem(0, 4, 4)
    start = _first(4)
    minimise_on_simplex(gram, linear, start, tol=1e-9)
    assert start.tolist() == [1, 0, 0, 0]


def _bound(pool: str, decay: float) -> tuple[ConvexBound, torch.Tensor, BagDataset, np.ndarray]:
    bags, labels = planted_bags(60, 2)
    dataset = BagDataset.from_list(bags)
    packed = pack(dataset)
    problem = Problem(packed, torch.from_numpy(labels), None, Binary(), build_pooling(pool), decay)
    linear = LinearScores(packed.values, 1, True)
    start = torch.zeros(linear.size, dtype=torch.float64)
    return ConvexBound.at(problem, linear, start), start, dataset, labels


@pytest.mark.parametrize("decay", [1.0, 0.1, 0.01])
def test_average_pooling_is_scikit_learns_svm_on_mean_features(decay):
    bound, start, bags, labels = _bound("avg", decay)
    solution = minimise_risk(bound, start, weight_decay=decay, gap=1e-6, max_iter=500)
    means = np.stack([bag.mean(axis=0) for bag in bags])
    svm = LinearSVC(loss="hinge", C=1 / (decay * len(bags)), tol=1e-8, max_iter=1_000_000, random_state=0)
    svm.fit(means, labels)
    weight = np.concatenate([svm.coef_[0], svm.intercept_])
    margin = np.where(labels == 1, 1, -1) * svm.decision_function(means)
    objective = decay / 2 * weight @ weight + np.maximum(1 - margin, 0).mean()
    assert solution.objective == pytest.approx(objective, rel=1e-5)


def test_no_point_lies_under_the_lower_bound():
    bound, start, _, _ = _bound("mantra", 0.05)
    solution = minimise_risk(bound, start, weight_decay=0.05, gap=1e-4, max_iter=300)
    assert solution.lower_bound <= solution.objective <= solution.lower_bound * (1 + 1e-4) + 1e-12
    random = torch.Generator().manual_seed(0)
    for scale in (0.01, 0.1, 1.0):
        noise = torch.randn(len(start), generator=random, dtype=torch.float64)
        moved = solution.parameters + scale * noise
        value = bound.value(bound.scores(moved)) + 0.025 * float(moved @ moved)
        assert value >= solution.lower_bound


def test_stops_after_so_many_planes():
    bound, start, _, _ = _bound("mantra", 1e-4)
    assert minimise_risk(bound, start, weight_decay=1e-4, gap=1e-9, max_iter=3).iterations == 3


def test_gives_the_same_answer_twice():
    bound, start, _, _ = _bound("mantra", 0.01)
    first, second = (minimise_risk(bound, start, weight_decay=0.01, gap=1e-3, max_iter=100) for _ in range(2))
    assert torch.equal(first.parameters, second.parameters)
