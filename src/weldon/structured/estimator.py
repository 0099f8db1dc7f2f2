"""What both estimators do alike: read bags, solve Eq. 7, score bags and show their evidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from weldon.data.bags.bag_set import BagDataset, as_bags, is_list_of_bags
from weldon.errors import UsageError
from weldon.structured.bag_evidence import BagEvidence, bag_evidence
from weldon.structured.latent import build_latent_rule, class_scores
from weldon.structured.linear import LogLinear
from weldon.structured.objective import Problem
from weldon.structured.ragged import pool_bags
from weldon.structured.solve import SolverOptions, build_scorer, fit_scorer, instance_scores, seeded
from weldon.structured.spaces import OutputSpace
from weldon.structured.stochastic import pack


class BagEstimator(BaseEstimator):  # type: ignore[misc]
    """An estimator of bags; :class:`NegativeEvidenceClassifier` documents the options."""

    _dtype: np.dtype[Any]

    def _read_bags(self, X: Any, *, reset: bool) -> BagDataset:
        """Bags in any form, their features checked as scikit-learn checks a table."""
        structured = isinstance(X, BagDataset) or is_list_of_bags(X) or getattr(X, "ndim", 0) == 3
        bags = as_bags(X) if structured else None
        table = X if bags is None else bags.values
        dtype: Any = [np.float64, np.float32] if reset else self._dtype
        values = validate_data(self, table, reset=reset, accept_sparse="csr", dtype=dtype)
        self._dtype = values.dtype  # the scorer's: what comes later is brought to it
        return as_bags(values) if bags is None else bags.with_values(values)

    def _read_weight(self, sample_weight: Any, count: int) -> Tensor | None:
        if sample_weight is None:
            return None
        weight = np.asarray(sample_weight, dtype=np.float64)
        if weight.ndim == 0:
            weight = np.full(count, float(weight))
        if weight.ndim != 1:
            raise UsageError("Sample weights must be 1D array or scalar")
        if weight.shape != (count,):
            raise UsageError(f"`sample_weight` must be ({count},), one for each bag, got {weight.shape}")
        if not (np.isfinite(weight).all() and (weight >= 0).all() and weight.sum() > 0):
            raise UsageError(
                "`sample_weight` must be finite, at least 0 and not all zero, "
                f"got {weight.min()} to {weight.max()}"
            )
        return torch.from_numpy(weight.copy())

    def _solve(self, bags: BagDataset, target: Tensor, weight: Tensor | None, space: OutputSpace) -> None:
        """Fit ``scorer_`` on these bags, from where it stands if it may."""
        options = self.get_params(deep=False)
        pool = self._build_pool()
        packed = pack(bags, dense=self.scorer is not None)
        problem = Problem(packed, target, weight, space, pool, float(self.weight_decay))
        random, seed = seeded(self.random_state)
        num_scores = self._num_scores * getattr(pool, "maps_per_class", 1)
        scorer = build_scorer(self.scorer, packed, num_scores, intercept=self.fit_intercept, seed=seed)
        before: Any = getattr(self, "scorer_", None)
        resume = self.warm_start and before is not None and _same_shape(before, scorer)
        if resume:
            scorer.load_state_dict(before.state_dict())
        solver = SolverOptions(**{name: options[name] for name in SolverOptions.__dataclass_fields__})
        used, history = fit_scorer(problem, bags, scorer, solver, random=random, resume=resume)
        self.pool_, self.space_, self.scorer_ = pool, space, scorer
        self.solver_, self.history_, self.n_iter_ = used, history, max(len(history) - 1, 1)

    def _build_pool(self) -> torch.nn.Module:
        counts = {"k_max": self.k_max, "k_min": self.k_min}
        options = {name: count for name, count in counts.items() if count is not None}
        return build_latent_rule(self.pool, **options, **(self.pool_options or {}))

    def _bag_scores(self, bags: BagDataset) -> Tensor:
        """Pooled scores ``(N, C)``."""
        packed = pack(bags, dense=self.scorer is not None)
        with torch.no_grad():
            return pool_bags(instance_scores(self.scorer_, packed), packed.buckets, self.pool_)

    def instance_scores(self, X: Any) -> list[np.ndarray]:
        """Score the instances of each bag.

        Args:
            X: bags, as in :meth:`fit`.

        Returns:
            A list of ``(R_i, C)`` arrays, columns as in ``evidence(...).classes``.
        """
        check_is_fitted(self)
        bags = self._read_bags(X, reset=False)
        packed = pack(bags, dense=self.scorer is not None)
        flat = class_scores(self.pool_, instance_scores(self.scorer_, packed))
        return np.split(flat.numpy(), bags.offsets[1:-1])

    def evidence(self, bag: Any) -> BagEvidence:
        """Say which instances of a bag speak for and against each class.

        Args:
            bag: one bag, ``(R, F)``, dense or sparse.

        Raises:
            UsageError: a pooling that cannot say which regions it used.
        """
        check_is_fitted(self)
        table = bag if sp.issparse(bag) else np.asarray(bag)
        if table.ndim != 2:
            raise UsageError(f"`bag` must be one bag, (R, F), got shape {table.shape}")
        packed = pack(
            self._read_bags(BagDataset.from_list([table]), reset=False), dense=self.scorer is not None
        )
        return bag_evidence(instance_scores(self.scorer_, packed), self.pool_, self._evidence_classes())

    def _evidence_classes(self) -> tuple[Any, ...]:
        raise NotImplementedError

    @property
    def coef_(self) -> np.ndarray:
        """Weights of the log-linear scoring function, ``(C, F)``."""
        return self._linear().weight.detach().numpy()

    @property
    def intercept_(self) -> np.ndarray:
        """Intercepts of the log-linear scoring function, ``(C,)``; 0 without."""
        scorer = self._linear()
        bias = torch.zeros(len(scorer.weight)) if scorer.bias is None else scorer.bias
        return bias.detach().numpy()

    def _linear(self) -> LogLinear:
        scorer = getattr(self, "scorer_", None)
        if not isinstance(scorer, LogLinear):
            raise AttributeError("only a fitted log-linear scorer has weights")
        return scorer

    def __sklearn_tags__(self) -> Any:
        """A table is bags of one instance; sparse tables will do."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        return tags


def _same_shape(before: torch.nn.Module, now: torch.nn.Module) -> bool:
    shapes = [{name: value.shape for name, value in module.state_dict().items()} for module in (before, now)]
    return type(before) is type(now) and shapes[0] == shapes[1]
