"""What a run on bags says adds up, instance by instance."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from weldon.errors import DataError
from weldon.inference.bag_predictor import BagPredictor
from weldon.inference.decision import Decision
from weldon.models import create_bag_model


@pytest.fixture
def predictor():
    net = create_bag_model(3, 2, k_max=2, k_min=1)
    net.standardise(torch.tensor([1.0, 0.0, -1.0]), torch.tensor([2.0, 1.0, 0.5]))
    return BagPredictor(net, Decision(("cat", "dog"), "multilabel", {"cat": 0.0, "dog": 0.0}))


def test_scores_are_those_of_the_network_and_the_parts_add_up(predictor):
    values = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    result = predictor.predict_one(values)
    wanted = predictor.net(torch.from_numpy(values).T[None])[0]
    assert list(result.scores.values()) == pytest.approx(wanted.tolist(), abs=1e-6)
    for name in ("cat", "dog"):
        found = result.evidence
        parts = [one.contribution for one in (*found.top(name), *found.low(name))]
        assert (len(found.top(name)), len(found.low(name))) == (2, 1)
        assert sum(parts) == pytest.approx(result.scores[name], abs=1e-6)


def test_a_bag_where_nothing_is_predicted_shows_its_best_class(predictor):
    unsure = BagPredictor(predictor.net, Decision(("cat", "dog"), "multilabel", {"cat": 1e3, "dog": 1e3}))
    result = unsure.predict_one(np.ones((4, 3), np.float32))
    assert result.labels == []
    assert result.shown == [max(result.scores, key=result.scores.get)]


def test_bags_of_another_width_are_refused(predictor, tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 5)))
    with pytest.raises(DataError, match="has 5 features, but bags must have 3 features as in training"):
        predictor.predict(tmp_path)
