"""Scores, labels and evidence of a bag by hand; those of images are in ``test_result.py``."""

from __future__ import annotations

import pytest

from fixtures.bag_results import bag_result
from weldon.errors import UsageError
from weldon.inference.evidence import NamedInstance


def test_scores_and_probabilities_are_by_class():
    result = bag_result()
    assert result.scores == {"cat": 1.0, "dög": -1.0}
    assert result.probabilities == pytest.approx({"cat": 0.731059, "dög": 0.268941}, abs=1e-6)
    assert result.labels == result.shown == ["cat"]


def test_the_best_class_is_shown_where_none_is_predicted():
    result = bag_result(cat=9.0, dög=9.0)
    assert (result.labels, result.shown) == ([], ["cat"])


def test_evidence_is_sorted_from_the_strongest_and_adds_up():
    cat, dog = (bag_result().evidence(name) for name in ("cat", "dög"))
    assert cat.top == (NamedInstance("0,0", 3.0, 0.5),)
    assert cat.low == (NamedInstance("1,0", -1.0, 0.5),)
    assert (cat.score, cat.top_sum, cat.low_sum, cat.remainder) == (1.0, 1.5, -0.5, 0.0)
    assert [one.instance for one in dog.top] == ["1,0", "0,0", "0,1"]
    assert dog.low == ()


def test_a_class_that_is_none_is_refused_with_the_choices():
    with pytest.raises(UsageError, match="class must be one of cat, dög, got 'cow'"):
        bag_result().evidence("cow")
