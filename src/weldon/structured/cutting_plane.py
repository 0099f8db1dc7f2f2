"""Minimise weight decay plus a convex risk to a certified gap, by cutting planes with a line search.

Teo, Vishwanathan, Smola and Le, "Bundle Methods for Regularized Risk Minimization" (2010); the line search
and the place of the next plane follow Franc and Sonnenburg, "Optimized Cutting Plane Algorithm" (2008).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import torch
from scipy.linalg import LinAlgError, solve
from scipy.optimize import minimize_scalar
from torch import Tensor

_RIDGE = 1e-12  # share of the largest product added to the diagonal: parallel planes share their weight
_PIVOTS = 10  # at most so many times the number of coefficients


def minimise_on_simplex(gram: np.ndarray, linear: np.ndarray, start: np.ndarray, *, tol: float) -> np.ndarray:
    r"""Find the convex combination of least cost.

    .. math:: \min_{\alpha \ge 0, \; \sum_j \alpha_j = 1} \tfrac12 \alpha^\top G \alpha - b^\top \alpha

    A primal active-set method (Nocedal and Wright, "Numerical Optimization", 16.5): move to the minimum over
    the coefficients in use, up to the first that would turn negative and is given up; at the minimum take up
    the one along which the cost falls fastest.

    Args:
        gram: ``(m, m)`` symmetric, positive semi-definite.
        linear: ``(m,)``.
        start: ``(m,)`` feasible: at least 0, of sum 1.
        tol: largest slope, in units of the cost, that is left.

    Returns:
        ``(m,)``, at least 0, of sum 1.

    Example:
        >>> gram, start = np.array([[1.0, 0.0], [0.0, 3.0]]), np.array([1.0, 0.0])
        >>> minimise_on_simplex(gram, np.zeros(2), start, tol=1e-9).round(6).tolist()
        [0.75, 0.25]
    """
    ridged = gram + _RIDGE * max(float(np.abs(gram).max()), 1.0) * np.eye(len(linear))
    alpha, used = start.astype(float), start > 0
    for _ in range(_PIVOTS * len(linear)):
        goal = _minimum_of(ridged, linear, used)
        blocked = used & (goal < 0)
        if blocked.any():
            steps = np.where(blocked, alpha / np.where(blocked, alpha - goal, 1.0), np.inf)
            first = int(steps.argmin())
            alpha = alpha + steps[first] * (goal - alpha)
            used[first], alpha[first] = False, 0.0
            continue
        alpha = goal
        slope = gram @ alpha - linear
        gain = slope - slope @ alpha
        best = int(np.where(used, 0.0, gain).argmin())
        if used[best] or gain[best] >= -tol:
            break
        used[best] = True
    alpha = np.maximum(alpha, 0.0)
    return np.asarray(alpha / alpha.sum())


def _minimum_of(gram: np.ndarray, linear: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Coefficients of sum 1, of any sign, that minimise the cost with all others at 0."""
    goal = np.zeros(len(linear))
    both = np.stack([linear[used], np.ones(used.sum())], axis=1)
    try:
        solved = solve(gram[np.ix_(used, used)], both, assume_a="pos")  # (m, 2)
    except LinAlgError:
        solved = np.linalg.lstsq(gram[np.ix_(used, used)], both)[0]
    level = (solved[:, 0].sum() - 1) / solved[:, 1].sum()
    goal[used] = solved[:, 0] - level * solved[:, 1]
    return goal


_IDLE_ROUNDS = 20  # planes without weight for so long leave the bundle
_REACH = 0.2  # how far from the best point towards the bundle's minimum the next plane is taken
_LONGEST_STEP = 2.0
_LINE_EVALUATIONS = 8


class ConvexRisk(Protocol):
    """A convex function of scores that are linear in the parameters ``(D,)``."""

    def scores(self, parameters: Tensor) -> Tensor:
        """Scores of any shape, linear in the parameters."""
        ...

    def value(self, scores: Tensor) -> float:
        """The risk."""
        ...

    def slope(self, scores: Tensor) -> tuple[float, Tensor]:
        """The risk, and a subgradient of it by the parameters ``(D,)``."""
        ...


class Solution(NamedTuple):
    """Where :func:`minimise_risk` stopped; no parameters give less than ``lower_bound``."""

    parameters: Tensor
    objective: float
    lower_bound: float
    iterations: int


@dataclass
class _Bundle:
    """Planes ``a_j w + b_j`` below the risk, their products, and for how long each has had no weight."""

    weight_decay: float
    slopes: list[Tensor] = field(default_factory=list)
    offsets: list[float] = field(default_factory=list)
    idle: list[int] = field(default_factory=list)
    alpha: list[float] = field(default_factory=list)
    gram: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))

    def add(self, slope: Tensor, offset: float) -> None:
        products = np.array([float(slope @ other) for other in (*self.slopes, slope)])
        planes = len(self.slopes)
        grown = np.empty((planes + 1, planes + 1))
        grown[:planes, :planes], grown[planes], grown[:, planes] = self.gram, products, products
        self.gram = grown
        self.slopes.append(slope)
        self.offsets.append(offset)
        self.idle.append(0)
        self.alpha.append(0.0 if planes else 1.0)

    def minimise(self, tol: float) -> tuple[Tensor, float]:
        """Parameters that minimise weight decay plus the highest plane, and a lower bound of the minimum."""
        gram, offsets = self.gram / self.weight_decay, np.array(self.offsets)
        alpha = minimise_on_simplex(gram, offsets, np.array(self.alpha), tol=tol)
        bound = float(offsets @ alpha - 0.5 * alpha @ gram @ alpha)
        parameters = torch.stack(self.slopes).T @ torch.from_numpy(alpha) / -self.weight_decay  # (D,)
        self._forget(alpha)
        return parameters, bound

    def _forget(self, alpha: np.ndarray) -> None:
        idle = [0 if share > 0 else age + 1 for share, age in zip(alpha, self.idle, strict=True)]
        kept = [plane for plane, age in enumerate(idle) if age < _IDLE_ROUNDS]
        self.idle = [idle[plane] for plane in kept]
        self.alpha = [float(alpha[plane]) for plane in kept]
        if len(kept) < len(alpha):
            self.slopes = [self.slopes[plane] for plane in kept]
            self.offsets = [self.offsets[plane] for plane in kept]
            self.gram = self.gram[np.ix_(kept, kept)]


class _Point(NamedTuple):
    parameters: Tensor
    scores: Tensor
    objective: float


def minimise_risk(
    risk: ConvexRisk, start: Tensor, *, weight_decay: float, gap: float, max_iter: int, progress: float = 0.0
) -> Solution:
    r"""Minimise :math:`\frac\lambda2 \|w\|^2 + R(w)` until a lower bound says that it is done.

    Args:
        risk: R.
        start: ``(D,)`` float64, where to begin.
        weight_decay: :math:`\lambda`, above 0.
        gap: stop when objective and lower bound differ by so little, relative to the objective.
        max_iter: stop after so many planes in any case.
        progress: stop as soon as the gap is this share of what has been gained since the start.
    """
    best = _point(risk, start, weight_decay)
    first, place, bound = best.objective, best, -np.inf
    bundle = _Bundle(weight_decay)
    planes = 0
    while planes < max_iter:
        planes += 1
        value, slope = risk.slope(place.scores)
        bundle.add(slope, value - float(slope @ place.parameters))
        allowed = max(gap * best.objective, progress * (first - best.objective), 1e-9)
        candidate, lower = bundle.minimise(tol=0.01 * allowed)
        bound = max(bound, lower)
        if best.objective - bound <= allowed:
            break
        goal = _point(risk, candidate, weight_decay)
        best = _search_line(risk, best, goal, weight_decay)
        if best.objective - bound <= allowed:
            break
        place = _between(best, goal, _REACH)
    return Solution(best.parameters, best.objective, bound, planes)


def _point(risk: ConvexRisk, parameters: Tensor, weight_decay: float) -> _Point:
    scores = risk.scores(parameters)
    return _Point(parameters, scores, _decay(parameters, weight_decay) + risk.value(scores))


def _decay(parameters: Tensor, weight_decay: float) -> float:
    return 0.5 * weight_decay * float(parameters @ parameters)


def _between(start: _Point, goal: _Point, step: float) -> _Point:
    """A point on the line; its scores need no product, its objective is not known."""
    return _Point(
        torch.lerp(start.parameters, goal.parameters, step),
        torch.lerp(start.scores, goal.scores, step),
        np.nan,
    )


def _search_line(risk: ConvexRisk, best: _Point, goal: _Point, weight_decay: float) -> _Point:
    """The lowest point found on the line from the best point through the bundle's minimum."""

    def objective(step: float) -> float:
        point = _between(best, goal, step)
        return _decay(point.parameters, weight_decay) + risk.value(point.scores)

    found = minimize_scalar(
        objective,
        bounds=(0.0, _LONGEST_STEP),
        method="bounded",
        options={"xatol": 1e-4, "maxiter": _LINE_EVALUATIONS},
    )
    lowest = _between(best, goal, float(found.x))._replace(objective=float(found.fun))
    return min(best, goal, lowest, key=lambda point: point.objective)
