"""The small quadratic programme of the cutting-plane method, by an active set that starts where it ended."""

from __future__ import annotations

import numpy as np
from scipy.linalg import LinAlgError, solve

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
