"""The small quadratic programme of the cutting-plane method, by the solver of scikit-learn's SVMs."""

from __future__ import annotations

from typing import cast

import numpy as np
from sklearn.svm import OneClassSVM


def minimise_on_simplex(gram: np.ndarray, linear: np.ndarray, *, tol: float) -> np.ndarray:
    r"""Find the convex combination of least cost.

    .. math:: \min_{\alpha \ge 0, \; \sum_j \alpha_j = 1} \tfrac12 \alpha^\top G \alpha - b^\top \alpha

    As the coefficients add up to 1, ``b @ a`` is half of ``a @ (b 1' + 1 b') @ a``; what remains is the dual
    of a one-class SVM with ``nu = 1/m`` whose kernel is ``G - b 1' - 1 b'``, which LIBSVM solves.

    Args:
        gram: ``(m, m)`` symmetric, positive semi-definite.
        linear: ``(m,)``.
        tol: largest violation of the optimality conditions, in units of the objective.

    Returns:
        ``(m,)``, at least 0, of sum 1.

    Example:
        >>> minimise_on_simplex(np.array([[1.0, 0.0], [0.0, 3.0]]), np.zeros(2), tol=1e-9).round(6).tolist()
        [0.75, 0.25]
    """
    planes = len(linear)
    if planes == 1:
        return np.ones(1)
    kernel = gram - linear[:, None] - linear[None, :]
    size = float(np.abs(kernel).max())
    if size == 0:
        return np.full(planes, 1 / planes)
    svm = OneClassSVM(kernel="precomputed", nu=1 / planes, tol=max(tol / size, 1e-12), shrinking=False)
    svm.fit(kernel / size)
    alpha = np.zeros(planes)
    alpha[svm.support_] = svm.dual_coef_[0]
    alpha = np.maximum(alpha, 0.0)
    return cast(np.ndarray, alpha / alpha.sum())
