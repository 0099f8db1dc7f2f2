from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from reference.bag_problems import planted_bags
from weldon.errors import UsageError
from weldon.structured import NegativeEvidenceRanker

BAGS, LABELS = planted_bags(40, 2, features=4, sizes=(5, 6), signal=5.0)
LOOSE = {"tol": 0.02, "weight_decay": 0.1}


@pytest.fixture(scope="module")
def ranker():
    return NegativeEvidenceRanker(**LOOSE).fit(BAGS, LABELS)


def test_ranks_unseen_bags_better_than_chance(ranker):
    unseen, labels = planted_bags(60, 2, features=4, sizes=(5, 6), signal=5.0, seed=1)
    assert ranker.score(unseen, labels) > 0.9


def test_the_rank_is_the_order_of_the_scores(ranker):
    scores = ranker.decision_function(BAGS)
    assert (np.diff(scores[ranker.rank(BAGS)]) <= 0).all()
    np.testing.assert_array_equal(ranker.predict(BAGS), scores)


def test_several_rankings_are_those_of_each_alone():
    table = np.stack([LABELS, np.arange(40) % 2], axis=1)
    options = {"solver": "stochastic", "max_iter": 20, "pool": "max"}
    both = NegativeEvidenceRanker(**options).fit(BAGS, table)
    for column in range(2):
        alone = NegativeEvidenceRanker(**options).fit(BAGS, table[:, column])
        np.testing.assert_allclose(both.coef_[column], alone.coef_[0], rtol=1e-6)
    assert both.rank(BAGS).shape == both.decision_function(BAGS).shape == (40, 2)


def test_bags_of_unknown_relevance_are_not_ranked():
    relevance = LABELS.astype(float)
    relevance[::3] = np.nan
    known = ~np.isnan(relevance)
    kept = [bag for bag, one in zip(BAGS, known, strict=True) if one]
    options = {"solver": "stochastic", "max_iter": 20}
    all_bags = NegativeEvidenceRanker(**options).fit(BAGS, relevance)
    fewer = NegativeEvidenceRanker(**options, pool="mantra").fit(kept, relevance[known])
    objective = [model.history_[0]["objective"] for model in (all_bags, fewer)]
    assert objective[0] == pytest.approx(objective[1])
    assert all_bags.score(BAGS, relevance) == pytest.approx(all_bags.score(kept, relevance[known]))


def test_a_grid_search_chooses_by_average_precision():
    search = GridSearchCV(
        NegativeEvidenceRanker(solver="stochastic", max_iter=25), {"pool": ["avg", "max"]}, cv=2
    ).fit(BAGS, LABELS)
    assert search.best_params_ == {"pool": "max"}


def test_evidence_of_a_ranking_adds_up(ranker):
    found = ranker.evidence(BAGS[0])
    assert found.classes == (0,)
    assert abs(found.remainder(0)) < 1e-9
    assert found.score(0) == pytest.approx(ranker.decision_function(BAGS[:1])[0])


def test_relevance_of_several_grades_is_refused():
    with pytest.raises(UsageError, match="present"):
        NegativeEvidenceRanker().fit(BAGS, np.arange(40) % 3)
