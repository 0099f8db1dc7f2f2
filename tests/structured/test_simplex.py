from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from weldon.structured.simplex import minimise_on_simplex


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
