"""What a run on bags says adds up, instance by instance."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import weldon
from weldon.errors import DataError, UsageError
from weldon.inference.bag_predictor import BagPredictor
from weldon.inference.decision import Decision
from weldon.inference.loading import load_images
from weldon.inference.predict import Predictor
from weldon.models import create_bag_model, save_model


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
        found = result.evidence(name)
        assert (len(found.top), len(found.low)) == (2, 1)
        assert found.top_sum + found.low_sum == pytest.approx(result.scores[name], abs=1e-6)
        assert found.remainder == pytest.approx(0, abs=1e-6)


def test_evidence_names_the_instances(predictor):
    values = np.array([[5, 0, 0], [0, 0, 0], [-5, 0, 0]], np.float32)
    with torch.no_grad():
        predictor.net.transfer.weight.zero_()
        predictor.net.transfer.weight[0, 0] = 1.0  # cat is the first feature: (x - 1) / 2
    found = predictor.predict_one(values, instances=["high", "middle", "low"]).evidence("cat")
    assert [(one.instance, one.score, one.weight) for one in found.top] == [
        ("high", 2.0, 0.25),
        ("middle", -0.5, 0.25),
    ]
    assert [(one.instance, one.score, one.weight) for one in found.low] == [("low", -3.0, 0.5)]


def test_one_load_opens_runs_on_images_and_on_bags(tmp_path, predictor, make_run):
    bags = tmp_path / "bags"
    save_model(predictor.net, bags / "weights" / "best.safetensors")
    (bags / "classes.txt").write_text("cat\ndog\n")
    (bags / "config.toml").write_text('task = "multilabel"\n')
    thresholds = {"scale": "score", "map_scale": 1, "classes": {"cat": 0.0, "dog": 0.0}}
    (bags / "thresholds.json").write_text(json.dumps(thresholds))
    images = make_run("images")
    assert isinstance(weldon.load(bags, device="cpu"), BagPredictor)
    assert isinstance(weldon.load_bags(bags, device="cpu"), BagPredictor)
    assert isinstance(weldon.load(images, device="cpu"), Predictor)
    assert isinstance(load_images(images, device="cpu"), Predictor)
    with pytest.raises(UsageError, match="trained on images, not on bags"):
        weldon.load_bags(images, device="cpu")
    with pytest.raises(UsageError, match="trained on bags, not on images"):
        load_images(bags, device="cpu")


def test_a_bag_where_nothing_is_predicted_shows_its_best_class(predictor):
    unsure = BagPredictor(predictor.net, Decision(("cat", "dog"), "multilabel", {"cat": 1e3, "dog": 1e3}))
    result = unsure.predict_one(np.ones((4, 3), np.float32))
    assert result.labels == []
    assert result.shown == [max(result.scores, key=result.scores.get)]


def test_bags_of_another_width_are_refused(predictor, tmp_path):
    np.save(tmp_path / "a.npy", np.ones((2, 5)))
    with pytest.raises(DataError, match="has 5 features, but bags must have 3 features as in training"):
        predictor.predict(tmp_path)
