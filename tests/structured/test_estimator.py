from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.exceptions import NotFittedError

from reference.bag_problems import planted_bags
from weldon.errors import UsageError
from weldon.structured import BagDataset, NegativeEvidenceClassifier, NegativeEvidenceRanker

BAGS, LABELS = planted_bags(24, 2, features=3, sizes=(4, 5))
TABLE_1 = ["lssvm", "hcrf", "mssvm", "epsilon", "gap", "mantra"]
QUICK = {"solver": "stochastic", "max_iter": 8, "batch_size": None, "learning_rate": 0.1}
FORMS = {
    "list": BAGS,
    "object array": np.array([*BAGS, None], dtype=object)[:-1],
    "array of equal bags": np.stack(BAGS),
    "array and offsets": BagDataset(np.concatenate(BAGS), np.arange(0, 97, 4)),
    "sparse bags": [sp.csr_array(bag) for bag in BAGS],
    "sparse array and offsets": BagDataset(sp.csr_array(np.concatenate(BAGS)), np.arange(0, 97, 4)),
}


@pytest.fixture(scope="module", params=[NegativeEvidenceClassifier, NegativeEvidenceRanker])
def model(request):
    return request.param(**QUICK).fit(BAGS, LABELS)


@pytest.mark.parametrize("form", FORMS)
def test_bags_mean_the_same_in_every_form(model, form):
    learnt = type(model)(**QUICK).fit(FORMS[form], LABELS)
    np.testing.assert_allclose(learnt.coef_, model.coef_, rtol=1e-6)
    expected = model.decision_function(BAGS)
    np.testing.assert_allclose(model.decision_function(FORMS[form]), expected, rtol=1e-6)


def test_a_table_is_bags_of_one_instance(model):
    table = np.concatenate(BAGS)
    expected = model.decision_function([row[None] for row in table])
    np.testing.assert_allclose(model.decision_function(table), expected)


@pytest.mark.parametrize("name", TABLE_1)
@pytest.mark.parametrize("solver", ["cccp", "stochastic"])
def test_each_model_of_table_1_is_fitted_by_name(name, solver):
    options = {**QUICK, "solver": solver, "max_iter": 3}
    learnt = NegativeEvidenceClassifier(name, **options).fit(BAGS, LABELS)
    assert learnt.history_[-1]["objective"] < 1  # that of scores that are all 0


@pytest.mark.parametrize("name", ["lssvm", "gap", "mantra", "weldon"])
def test_evidence_adds_up_to_the_score(name):
    learnt = NegativeEvidenceClassifier(name, **QUICK).fit(BAGS, LABELS)
    (label,) = learnt.evidence(BAGS[0]).classes
    for bag, score in zip(BAGS[:5], learnt.decision_function(BAGS[:5]), strict=True):
        found = learnt.evidence(bag)
        parts = [*found.top(label), *found.low(label)]
        assert sum(part.contribution for part in parts) == pytest.approx(score)


def test_evidence_of_a_sparse_bag_is_that_of_the_dense(model):
    sparse, dense = (model.evidence(bag) for bag in (sp.csr_array(BAGS[0]), BAGS[0]))
    np.testing.assert_allclose(sparse.positive, dense.positive)
    np.testing.assert_allclose(sparse.scores, dense.scores)


def test_scores_of_instances_come_bag_by_bag(model):
    found = model.instance_scores(BAGS)
    assert [scores.shape for scores in found] == [(len(bag), 1) for bag in BAGS]
    np.testing.assert_allclose(found[3], BAGS[3] @ model.coef_.T + model.intercept_)


def test_a_ranking_has_no_intercept():
    assert NegativeEvidenceRanker(**QUICK).fit(BAGS, LABELS).intercept_.tolist() == [0]


def test_a_warm_start_of_another_shape_starts_anew():
    learnt = NegativeEvidenceClassifier(**QUICK, warm_start=True).fit(BAGS, LABELS)
    learnt.fit([bag[:, :2] for bag in BAGS], LABELS)
    assert learnt.history_[0]["objective"] == pytest.approx(1.0)
    assert learnt.coef_.shape == (1, 2)


@pytest.mark.parametrize(
    ("bags", "message"),
    [
        ([np.ones((2, 3)), np.ones((0, 3))], "bag 1 must be"),
        ([np.ones((2, 3)), np.ones((2, 4))], "bag 1 must have 3 features"),
        ([np.ones((2, 2))], "features"),
        ([np.array([[1.0, np.nan, 0.0]])], "NaN"),
        (np.ones(3), "array"),
    ],
)
def test_bags_that_cannot_be_scored_are_refused(model, bags, message):
    with pytest.raises(ValueError, match=message):
        model.decision_function(bags)


def test_evidence_wants_one_bag(model):
    with pytest.raises(UsageError, match="one bag"):
        model.evidence(np.stack(BAGS))


@pytest.mark.parametrize("estimator", [NegativeEvidenceClassifier, NegativeEvidenceRanker])
@pytest.mark.parametrize("call", ["predict", "decision_function", "instance_scores"])
def test_nothing_is_answered_before_fitting(estimator, call):
    with pytest.raises(NotFittedError):
        getattr(estimator(), call)(BAGS)


def test_only_a_log_linear_scorer_has_weights():
    learnt = NegativeEvidenceClassifier(scorer=torch.nn.Linear(3, 1), **QUICK).fit(BAGS, LABELS)
    assert not hasattr(learnt, "coef_")
