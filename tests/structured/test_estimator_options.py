from __future__ import annotations

import math

import numpy as np
import pytest

from weldon.errors import UsageError
from weldon.structured import NegativeEvidenceClassifier, NegativeEvidenceRanker
from weldon.structured.estimator_options import SOLVERS, check_options

REFUSED = {
    "weight_decay": [0, -1.0, math.nan, math.inf, "0.1", None, True],
    "learning_rate": [0.0, -0.1, None],
    "tol": [0.0, "small"],
    "max_iter": [0, -3, 2.5, "ten", True],
    "batch_size": [0, 1.0, "all"],
    "solver": ["newton", "", None],
    "calibration": [0.0, 1.0, -0.2, "test", math.nan, True],
}
ALLOWED = {
    "weight_decay": [1, 1e-9, np.float32(0.1)],
    "max_iter": [None, 1, np.int64(7)],
    "batch_size": [None, 1],
    "solver": list(SOLVERS),
    "calibration": [None, "train", 0.5, np.float64(0.2)],
}


def _cases(table):
    return [pytest.param(name, value, id=f"{name}={value!r}") for name in table for value in table[name]]


@pytest.mark.parametrize(("name", "value"), _cases(REFUSED))
def test_what_cannot_be_used_is_refused_by_name_and_value(name, value):
    with pytest.raises(UsageError) as refusal:
        check_options({name: value})
    assert f"`{name}`" in str(refusal.value)
    assert repr(value) in str(refusal.value)


@pytest.mark.parametrize(("name", "value"), _cases(ALLOWED))
def test_what_can_be_used_passes(name, value):
    check_options({name: value})


@pytest.mark.parametrize("estimator", [NegativeEvidenceClassifier(), NegativeEvidenceRanker()])
def test_the_defaults_of_the_estimators_pass(estimator):
    check_options(estimator.get_params())


def test_an_unknown_solver_is_answered_with_the_list():
    with pytest.raises(UsageError, match=", ".join(SOLVERS)):
        check_options({"solver": "sgd"})
