"""A scikit-learn classifier of bags that weighs evidence for against evidence against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.model_selection import train_test_split
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length, check_is_fitted
from torch import Tensor, nn

from weldon.errors import UsageError
from weldon.pooling import Count
from weldon.structured.calibration import calibrate_beta
from weldon.structured.estimator import BagEstimator
from weldon.structured.estimator_options import check_options
from weldon.structured.spaces import Binary, Enumerated, MultiClass, MultiLabel, OutputSpace
from weldon.structured.targets import encode_classes, encode_labels, is_multilabel


def _has_probabilities(estimator: Any) -> bool:
    if estimator.calibration is None:
        raise AttributeError("predict_proba needs `calibration`='train' or a share of the bags, got None")
    return True


class NegativeEvidenceClassifier(ClassifierMixin, BagEstimator):  # type: ignore[misc]
    r"""Classify bags of instances by the instances that speak for and against each class.

    .. math:: \min_w \tfrac\lambda2 \|w\|^2 + \frac1N \sum_i \max_y \left[ \Delta(y_i, y) + s_w(x_i, y)
              \right] - s_w(x_i, y_i)

    Paper: Eq. 7; the pooled score s is Eq. 3 (MANTRA) unless ``pool`` says otherwise.

    Args:
        pool: the latent rule, by the name of a pooling (``"mantra"``, ``"weldon"``, ``"max"``, ``"avg"``,
            ``"lse"``, ``"hcrf"``, ``"gwrp"``, ``"wildcat"``), of a model of Table 1 (``"lssvm"``,
            ``"mssvm"``, ``"gap"``, ``"epsilon"``), or a pooling module.
        k_max: instances of evidence for: a count (int) or a share (float), for poolings that have it.
        k_min: instances of evidence against, likewise.
        pool_options: further options of the pooling, ``{"beta": 5.0}`` for ``"lse"``.
        output: the output space; None chooses Binary, MultiClass or MultiLabel by ``y``.
        scorer: F over instances: None for log-linear, a ``torch.nn.Module`` (it is copied), or a function of
            the numbers of features and of scores that makes one.
        weight_decay: :math:`\lambda`, over all parameters, intercepts included.
        fit_intercept: give each log-linear score an intercept.
        solver: ``"cccp"`` (deterministic, log-linear only), ``"stochastic"``, or ``"auto"``: the first up to
            20 million feature values.
        max_iter: rounds of the deterministic solver, passes of the stochastic; None for 50 and for as many as
            make 3,000 steps (at least 10, at most 300).
        tol: relative gap and gain at which the deterministic solver is done.
        batch_size: bags in a stochastic step; None for all of them.
        learning_rate: first step of Adam.
        calibration: how the temperature of ``predict_proba`` is found: ``"train"`` on the scores of the
            training bags (cheap, and sure of itself where they are fitted well); a share of the bags held out
            from a first fit (honest, and twice the time); None for no probabilities.
        warm_start: begin where the last ``fit`` ended, if shapes agree.
        verbose: print each round.
        random_state: order of the bags, the held-out share, and the start of ``scorer``.

    Attributes:
        classes_: the classes ``(K,)``, or the numbers of the labels.
        scorer_: the scoring function, a module; ``coef_ (C, F)`` and ``intercept_ (C,)`` if log-linear.
        history_: a record a round: ``objective`` is Eq. 7 over all bags, exact.
        beta_: the temperature of ``predict_proba``.
        solver_, n_iter_: which solver it was, and its rounds.

    Example:
        >>> bags = [np.array([[2.0], [0.0]]), np.array([[0.0], [0.1]]), np.array([[3.0]]), np.array([[-1.0]])]
        >>> model = NegativeEvidenceClassifier(pool="max", weight_decay=0.01).fit(bags, [1, 0, 1, 0])
        >>> model.predict([np.array([[-4.0], [2.5]])])
        array([1])
    """

    def __init__(
        self,
        pool: str | nn.Module = "mantra",
        *,
        k_max: Count | None = None,
        k_min: Count | None = None,
        pool_options: dict[str, Any] | None = None,
        output: OutputSpace | None = None,
        scorer: nn.Module | Callable[[int, int], nn.Module] | None = None,
        weight_decay: float = 0.01,
        fit_intercept: bool = True,
        solver: str = "auto",
        max_iter: int | None = None,
        tol: float = 1e-3,
        batch_size: int | None = 32,
        learning_rate: float = 0.01,
        calibration: str | float | None = "train",
        warm_start: bool = False,
        verbose: bool = False,
        random_state: Any = None,
    ) -> None:
        self.pool = pool
        self.k_max = k_max
        self.k_min = k_min
        self.pool_options = pool_options
        self.output = output
        self.scorer = scorer
        self.weight_decay = weight_decay
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.calibration = calibration
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from bags and their labels.

        Args:
            X: N bags: a list of ``(R_i, F)`` arrays (NumPy or SciPy sparse), a
                :class:`~weldon.data.bags.bag_set.BagDataset`, an ``(N, R, F)`` array, or a table ``(N, F)``.
            y: ``(N,)`` classes, or ``(N, C)`` labels of 1, 0 and NaN for unknown.
            sample_weight: ``(N,)``, how often each bag counts.

        Raises:
            UsageError: an option that cannot be used, or data that do not fit together.
        """
        check_options(self.get_params(deep=False))
        bags = self._read_bags(X, reset=True)
        target, space = self._read_target(y)
        check_consistent_length(bags, target)
        weight = self._read_weight(sample_weight, len(bags))
        if isinstance(self.calibration, float):
            self._solve_and_calibrate(bags, target, weight, space)
        self._solve(bags, target, weight, space)
        if self.calibration == "train":
            self.beta_ = calibrate_beta(space, self._bag_scores(bags).double(), target, weight)
        return self

    def _read_target(self, y: Any) -> tuple[Tensor, OutputSpace]:
        if y is None:
            raise UsageError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        if isinstance(self.output, MultiLabel) or (self.output is None and is_multilabel(y)):
            target: Tensor = encode_labels(y)
            self.classes_ = np.arange(target.shape[1])
            space: OutputSpace = self.output or MultiLabel()
        else:
            self.classes_, target = encode_classes(y)
            space = self.output or (Binary() if len(self.classes_) == 2 else MultiClass())
        self._num_scores = space.num_scores(len(self.classes_))
        return target, space

    def _solve_and_calibrate(
        self, bags: Any, target: Tensor, weight: Tensor | None, space: OutputSpace
    ) -> None:
        """Temperature of bags that a first fit has not seen."""
        strata = target.numpy() if target.ndim == 1 else None
        fitted, held = train_test_split(
            np.arange(len(bags)), test_size=self.calibration, stratify=strata, random_state=self.random_state
        )
        parts = [None if weight is None else weight[rows] for rows in (fitted, held)]
        self._solve(bags[fitted], target[fitted], parts[0], space)
        self.beta_ = calibrate_beta(space, self._bag_scores(bags[held]).double(), target[held], parts[1])

    def decision_function(self, X: Any) -> np.ndarray:
        """Score the answers for each bag.

        Returns:
            ``(N,)`` with two classes (positive for the second), else ``(N, K)``: a class or label each.
        """
        check_is_fitted(self)
        scores = self._bag_scores(self._read_bags(X, reset=False))
        if scores.shape[1] == 1 and isinstance(self.space_, Binary):
            return scores.squeeze(1).numpy()
        if isinstance(self.space_, Enumerated):
            return self.space_.joint_scores(scores).numpy()
        return scores.numpy()

    def predict(self, X: Any) -> np.ndarray:
        r"""Answer :math:`\arg\max_y s(x, y)` (Eq. 4): ``(N,)`` classes, or ``(N, C)`` labels of 0 and 1."""
        check_is_fitted(self)
        answer = self.space_.decode(self._bag_scores(self._read_bags(X, reset=False))).numpy()
        return answer if answer.ndim == 2 else self.classes_[answer]

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> np.ndarray:
        r"""Probabilities :math:`P(y|x) \propto \exp(\beta s(x, y))` (section 3.5).

        Returns:
            ``(N, K)``, of sum 1 over classes; for labels, the probability of each by itself.
        """
        check_is_fitted(self)
        scores = self._bag_scores(self._read_bags(X, reset=False)).double()
        return self.space_.probabilities(scores, beta=self.beta_).numpy()

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Share of the bags that are right, for labels in every one that is known."""
        if not isinstance(getattr(self, "space_", None), MultiLabel):
            return float(super().score(X, y, sample_weight))
        truth = encode_labels(y).numpy()
        right = ((self.predict(X) == truth) | np.isnan(truth)).all(axis=1)
        return float(np.average(right, weights=sample_weight))

    def _evidence_classes(self) -> tuple[Any, ...]:
        names = tuple(self.classes_.tolist())
        return names[len(names) - self._num_scores :]

    def __sklearn_tags__(self) -> Any:
        """Labels of several classes at once will do."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
