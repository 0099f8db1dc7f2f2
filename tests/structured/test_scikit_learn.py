from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from weldon.structured import NegativeEvidenceClassifier, NegativeEvidenceRanker

QUICK = {"solver": "stochastic", "max_iter": 12, "learning_rate": 0.1, "batch_size": None}


class RankerOfTheHigher(NegativeEvidenceRanker):
    """The checks bring three classes or real numbers; whatever is above the lowest is relevant here."""

    def _read_relevance(self, y):
        return super()._read_relevance(_above_lowest(y))

    def score(self, X, y):
        return super().score(X, _above_lowest(y))


def _above_lowest(y):
    if y is None or np.asarray(y).dtype.kind not in "biuf":
        return y
    return (np.asarray(y) > np.min(y)).astype(float)


@parametrize_with_checks([NegativeEvidenceClassifier(**QUICK), RankerOfTheHigher(**QUICK | {"max_iter": 2})])
@pytest.mark.filterwarnings("ignore")
def test_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)
