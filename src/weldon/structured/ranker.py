"""A scikit-learn estimator that ranks bags by relevance and maximises average precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import torch
from sklearn.utils.validation import check_consistent_length, check_is_fitted
from torch import Tensor, nn

from weldon.errors import UsageError
from weldon.metrics import mean_average_precision
from weldon.pooling import Count
from weldon.structured.estimator import BagEstimator
from weldon.structured.estimator_options import check_options
from weldon.structured.spaces import Ranking
from weldon.structured.targets import encode_labels


class NegativeEvidenceRanker(BagEstimator):
    r"""Rank bags so that the relevant ones come first.

    .. math:: \min_w \tfrac\lambda2 \|w\|^2 + \sum_c \max_y \left[ \Delta_{ap}(y_c, y) + s_w(x, y) \right]
              - s_w(x, y_c)

    Paper: Eq. 7 with the loss of Eq. 14: a convex bound, in the scores, of 1 - AP of the whole set.

    All other options are those of :class:`~weldon.structured.NegativeEvidenceClassifier`; a ranking needs no
    intercept.

    Args:
        scale: factor on the ranking score, see :func:`weldon.losses.ap_loss`.
        batch_size: bags in a stochastic step; None for all of them. The loss of a batch ranks that batch, and
            is another objective than that of the set.

    Attributes:
        scorer_, history_, solver_, n_iter_: as there.

    Example:
        >>> bags = [np.array([[2.0], [0.0]]), np.array([[0.0], [1.0]]), np.array([[3.0]]), np.array([[-1.0]])]
        >>> ranker = NegativeEvidenceRanker(pool="max").fit(bags, [1, 0, 1, 0])
        >>> ranker.rank(bags)
        array([2, 0, 1, 3])
    """

    fit_intercept = False

    def __init__(
        self,
        pool: str | nn.Module = "mantra",
        *,
        k_max: Count | None = None,
        k_min: Count | None = None,
        pool_options: dict[str, Any] | None = None,
        scale: float = 1.0,
        scorer: nn.Module | Callable[[int, int], nn.Module] | None = None,
        weight_decay: float = 0.01,
        solver: str = "auto",
        max_iter: int | None = None,
        tol: float = 1e-3,
        batch_size: int | None = None,
        learning_rate: float = 0.01,
        warm_start: bool = False,
        verbose: bool = False,
        random_state: Any = None,
    ) -> None:
        self.pool = pool
        self.k_max = k_max
        self.k_min = k_min
        self.pool_options = pool_options
        self.scale = scale
        self.scorer = scorer
        self.weight_decay = weight_decay
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from bags and their relevance.

        Args:
            X: N bags, as in :meth:`NegativeEvidenceClassifier.fit`.
            y: ``(N,)`` or, for C rankings, ``(N, C)``: 1 relevant, 0 not, NaN unknown.

        Raises:
            UsageError: an option that cannot be used, or data that do not fit together.
        """
        check_options(self.get_params(deep=False))
        bags = self._read_bags(X, reset=True)
        target = self._read_relevance(y)
        check_consistent_length(bags, target)
        self._num_scores = target.shape[1]
        self._solve(bags, target, None, Ranking(scale=self.scale))
        return self

    def _read_relevance(self, y: Any) -> Tensor:
        if y is None:
            raise UsageError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        self._flat = np.ndim(y) == 1
        return encode_labels(y)

    def decision_function(self, X: Any) -> np.ndarray:
        """Score each bag, the more relevant the higher: ``(N,)`` or, for C rankings, ``(N, C)``."""
        check_is_fitted(self)
        scores = self._bag_scores(self._read_bags(X, reset=False)).numpy()
        return scores[:, 0] if self._flat else scores

    def predict(self, X: Any) -> np.ndarray:
        """Score each bag; the name that libraries of rankers use for :meth:`decision_function`."""
        return self.decision_function(X)

    def rank(self, X: Any) -> np.ndarray:
        """Numbers of the bags, the most relevant first: ``(N,)`` or, for C rankings, ``(N, C)``."""
        return np.argsort(-self.decision_function(X), axis=0, kind="stable")

    def score(self, X: Any, y: Any) -> float:
        """Average precision, its mean over the rankings with relevant bags."""
        scores = self.decision_function(X)
        target = encode_labels(y)
        table = torch.from_numpy(scores.reshape(len(scores), -1))
        return float(mean_average_precision(table, torch.nan_to_num(target), ~torch.isnan(target)))

    def _evidence_classes(self) -> tuple[Any, ...]:
        return tuple(range(self._num_scores))
