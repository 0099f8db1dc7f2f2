"""Any transformer of tables, applied to the instances of bags: the scaler of a pipeline over bags."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from weldon.data.bags.bag_set import BagDataset, as_bags


class PerInstance(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fit a scikit-learn transformer on the instances of all bags; transform bags, and leave them bags.

    Args:
        transformer: a transformer of ``(T, F)`` tables, for example ``StandardScaler()`` or ``PCA(64)``.

    Example:
        >>> import numpy as np
        >>> from sklearn.preprocessing import StandardScaler
        >>> bags = [np.array([[1.0], [3.0]]), np.array([[5.0], [7.0]])]
        >>> PerInstance(StandardScaler(with_std=False)).fit_transform(bags)[1].tolist()
        [[1.0], [3.0]]
    """

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the transformer on all instances; the labels of bags are not shown to it."""
        bags = as_bags(X)
        self.transformer_ = clone(self.transformer).fit(bags.values)
        self.n_features_in_ = bags.num_features
        return self

    def transform(self, X: Any) -> BagDataset:
        """Transform the instances of each bag."""
        check_is_fitted(self)
        bags = as_bags(X)
        return bags.with_values(self.transformer_.transform(bags.values))
