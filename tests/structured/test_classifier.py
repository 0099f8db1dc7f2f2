from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reference.bag_problems import planted_bags
from weldon.errors import UsageError
from weldon.structured import MultiClass, NegativeEvidenceClassifier, PerInstance, as_bags

BAGS, LABELS = planted_bags(40, 2, features=4, sizes=(5, 6), signal=4.0)
THREE_BAGS, THREE = planted_bags(30, 3, features=4, sizes=(5, 6), signal=6.0, seed=1)
NAMES = np.array(["ant", "bee", "cat"])
LOOSE = {"tol": 0.02, "weight_decay": 0.1}


def _fitted(bags=BAGS, labels=LABELS, **options) -> NegativeEvidenceClassifier:
    return NegativeEvidenceClassifier(**LOOSE | options).fit(bags, labels)


def _stochastic(**options) -> NegativeEvidenceClassifier:
    return _fitted(**{"solver": "stochastic", "max_iter": 5, "random_state": 0} | options)


@pytest.fixture(scope="module")
def binary():
    return _fitted()


@pytest.fixture(scope="module")
def three():
    return _fitted(THREE_BAGS, NAMES[THREE])


def test_learns_the_planted_instances(three):
    unseen, labels = planted_bags(60, 3, features=4, sizes=(5, 6), signal=6.0, seed=2)
    assert three.score(unseen, NAMES[labels]) > 0.9


def test_answers_by_the_names_of_the_classes(three):
    assert three.classes_.tolist() == NAMES.tolist()
    assert set(three.predict(THREE_BAGS)) == set(NAMES)
    assert (NAMES[three.decision_function(THREE_BAGS).argmax(1)] == three.predict(THREE_BAGS)).all()


def test_the_sign_of_the_one_score_of_two_classes_is_the_answer(binary):
    scores = binary.decision_function(BAGS)
    assert scores.shape == (40,)
    assert ((scores > 0) == (binary.predict(BAGS) == 1)).all()


def test_the_order_of_instances_means_nothing(binary):
    reversed_bags = [bag[::-1] for bag in BAGS]
    np.testing.assert_allclose(binary.decision_function(reversed_bags), binary.decision_function(BAGS))


def test_sparse_and_dense_bags_learn_the_same(binary):
    sparse = _fitted([sp.csr_array(bag) for bag in BAGS])
    np.testing.assert_allclose(sparse.coef_, binary.coef_, rtol=1e-6)


def test_answers_for_wider_numbers_than_it_learnt_from():
    model = _fitted([bag.astype(np.float32) for bag in BAGS], max_iter=1)
    assert model.coef_.dtype == np.float32
    assert model.decision_function(BAGS).shape == (40,)


def test_a_grid_search_in_a_pipeline_finds_the_better_rule():
    """Two bags of a kind differ in what speaks against a class only, which max pooling does not see."""
    random = np.random.default_rng(0)
    labels = np.arange(24) % 2
    bags = [random.normal(scale=0.3, size=(5, 2)) for _ in labels]
    for bag, label in zip(bags, labels, strict=True):
        bag[0, 0] += 4.0
        if label == 0:
            bag[1, 0] -= 6.0
    model = make_pipeline(PerInstance(StandardScaler()), NegativeEvidenceClassifier(**LOOSE))
    grid = {"negativeevidenceclassifier__pool": ["max", "mantra"]}
    search = GridSearchCV(model, grid, cv=2).fit(as_bags(bags), labels)
    assert search.best_params_ == {"negativeevidenceclassifier__pool": "mantra"}
    assert search.best_score_ > 0.95


def test_lists_of_bags_are_cross_validated():
    assert cross_val_score(NegativeEvidenceClassifier(**LOOSE), BAGS, LABELS, cv=2).mean() > 0.7


def test_a_bag_of_weight_zero_is_as_if_left_out():
    weight = np.arange(40) % 3 > 0
    kept = [bag for bag, one in zip(BAGS, weight, strict=True) if one]
    options = {"pool": "gap", "tol": 1e-5, "weight_decay": 0.1, "calibration": None}
    weighted = NegativeEvidenceClassifier(**options).fit(BAGS, LABELS, sample_weight=weight.astype(float))
    left_out = NegativeEvidenceClassifier(**options).fit(kept, LABELS[weight])
    np.testing.assert_allclose(weighted.coef_, left_out.coef_, atol=0.01)


def test_bags_of_unknown_labels_teach_nothing():
    table = np.stack([LABELS, 1 - LABELS], axis=1).astype(float)
    table[::2] = np.nan
    moved = [bag + 100.0 * (number % 2 == 0) for number, bag in enumerate(BAGS)]
    one, other = (_stochastic(bags=bags, labels=table) for bags in (BAGS, moved))
    np.testing.assert_array_equal(one.coef_, other.coef_)
    assert one.coef_.any()


def test_labels_are_predicted_side_by_side():
    table = np.stack([LABELS, 1 - LABELS], axis=1).astype(float)
    table[0, 0] = np.nan
    model = _fitted(BAGS, table)
    answer, chance = model.predict(BAGS), model.predict_proba(BAGS)
    assert answer.shape == chance.shape == (40, 2)
    assert ((chance > 0.5) == (answer == 1)).all()
    assert model.score(BAGS, table) > 0.8


def test_warm_start_goes_on_where_the_last_fit_ended():
    model = _stochastic(warm_start=True)
    first = min(record["objective"] for record in model.history_)
    model.fit(BAGS, LABELS)
    assert model.history_[0]["objective"] == pytest.approx(first)
    assert clone(model).set_params(warm_start=False).fit(BAGS, LABELS).history_[0]["objective"] > first


def test_verbose_prints_a_line_a_round(capsys):
    model = _stochastic(verbose=True, max_iter=3)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(model.history_) == 4
    assert lines[-1].startswith("round 3  objective ")


def test_the_same_seed_gives_the_same_weights():
    options = {"scorer": torch.nn.Linear, "batch_size": 7}
    same = [_stochastic(**options).decision_function(BAGS) for _ in range(2)]
    np.testing.assert_array_equal(*same)
    assert not np.array_equal(same[0], _stochastic(random_state=1, **options).decision_function(BAGS))


def test_fitting_leaves_the_random_numbers_of_the_caller_alone():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    _stochastic(scorer=torch.nn.Linear)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("calibration", ["train", 0.4])
def test_probabilities_are_as_sure_as_the_labels_allow(calibration):
    bags, labels = planted_bags(150, 2, features=3, sizes=(4, 5), signal=8.0, seed=3)
    flipped = np.random.default_rng(0).random(150) < 0.2
    model = _fitted(bags, np.where(flipped, 1 - labels, labels), calibration=calibration, random_state=0)
    sure = model.predict_proba(bags).max(axis=1)
    np.testing.assert_allclose(model.predict_proba(bags).sum(axis=1), 1.0)
    assert sure.mean() == pytest.approx(0.8, abs=0.08)


def test_no_calibration_no_probabilities():
    assert not hasattr(_stochastic(calibration=None), "predict_proba")


def test_evidence_adds_up_to_the_score_and_names_the_planted_instance(three):
    bag = np.zeros((4, 4))
    bag[2, 1] = 6.0
    found = three.evidence(bag)
    assert found.classes == tuple(NAMES)
    assert found.top("bee")[0].index == 2
    assert abs(found.remainder("bee")) < 1e-9
    np.testing.assert_allclose(found.scores, three.decision_function([bag])[0])
    np.testing.assert_allclose(three.instance_scores([bag])[0], found.instance_scores)


def test_costs_of_mistakes_reach_the_objective():
    """Without knowledge the most violating answer costs 9 for the first class and 1 for the second."""
    model = _stochastic(output=MultiClass(delta=[[0, 9], [1, 0]]))
    share = LABELS.mean()
    assert model.history_[0]["objective"] == pytest.approx(9 * (1 - share) + share)


def test_a_scorer_of_ones_own_has_no_weights_and_no_deterministic_solver():
    scorer = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    model = _stochastic(scorer=scorer)
    assert model.solver_ == "stochastic"
    assert not hasattr(model, "coef_")
    with pytest.raises(UsageError, match="stochastic"):
        _fitted(scorer=scorer, solver="cccp")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight_decay": 0.0}, "weight_decay"),
        ({"solver": "newton"}, "auto, cccp, stochastic"),
        ({"pool": "median"}, "median"),
        ({"calibration": 1.5}, "calibration"),
        ({"max_iter": 0}, "max_iter"),
    ],
)
def test_options_that_cannot_be_used_are_refused_by_name(options, message):
    with pytest.raises(UsageError, match=message):
        _fitted(**options)


@pytest.mark.parametrize(
    ("labels", "weight", "message"),
    [
        ([0, 1], None, "inconsistent"),
        (LABELS, np.ones(3), "sample_weight"),
        (LABELS, -np.ones(40), "sample_weight"),
        (np.full((40, 2), 2), None, "present"),
    ],
)
def test_data_that_do_not_fit_together_are_refused(labels, weight, message):
    with pytest.raises(ValueError, match=message):
        NegativeEvidenceClassifier(max_iter=1).fit(BAGS, labels, sample_weight=weight)
