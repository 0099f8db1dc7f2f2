"""The network of bags is standardised, linear in each instance, and pooled as the paper says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from weldon.errors import UsageError, WeightsError
from weldon.models import (
    create_bag_model,
    create_model,
    holds_bag_model,
    load_bag_model,
    load_model,
    save_model,
)


def naive_score(bag, mean, std, weight, bias, k):
    """Score one bag and class in float64: half the mean of the k highest plus half that of the k lowest."""
    scores = sorted(float(np.dot((instance - mean) / std, weight)) + bias for instance in bag)
    return (sum(scores[-k:]) / k + sum(scores[:k]) / k) / 2


def test_scores_are_those_of_a_loop(generator):
    net = create_bag_model(5, 2, k_max=2, k_min=2)
    bags = torch.randn(3, 7, 5, generator=generator) * 4 + 1
    moments = bags.reshape(-1, 5).mean(0), bags.reshape(-1, 5).std(0)
    net.standardise(*moments)
    mean, std = (part.double().numpy() for part in moments)
    scores = net(bags.mT)
    weight, bias = net.transfer.weight[:, :, 0, 0].detach().double().numpy(), net.transfer.bias.tolist()
    for row, bag in enumerate(bags.double().numpy()):
        for column in range(2):
            wanted = naive_score(bag, mean, std, weight[column], bias[column], 2)
            assert scores[row, column].item() == pytest.approx(wanted, abs=1e-5)


def test_padding_changes_nothing(generator):
    net = create_bag_model(4, 2, k_max=0.5)
    net.standardise(torch.ones(4), torch.full((4,), 2.0))
    bag = torch.randn(1, 4, 6, generator=generator)
    padded = torch.cat([bag, torch.full((1, 4, 3), 1e4)], dim=2)
    mask = (torch.arange(9) < 6)[None]
    torch.testing.assert_close(net(padded, mask), net(bag))


def test_a_constant_feature_is_passed_over():
    net = create_bag_model(2, 1)
    net.standardise(torch.tensor([3.0, 1e6]), torch.tensor([0.0, 0.01]))
    assert net.std.tolist() == [torch.finfo(torch.float32).max] * 2
    assert net.features(torch.tensor([[[3.0], [1e6]]])).flatten().tolist() == [0.0, 0.0]


def test_what_is_saved_comes_back_standardisation_included(tmp_path, generator):
    net = create_bag_model(4, 2, pool="gwrp", decay=0.9)
    net.standardise(torch.ones(4), torch.full((4,), 2.0))
    save_model(net, tmp_path / "m.safetensors")
    bag = torch.randn(2, 4, 5, generator=generator)
    assert holds_bag_model(tmp_path / "m.safetensors")
    torch.testing.assert_close(load_bag_model(tmp_path / "m.safetensors")(bag), net(bag), rtol=0, atol=0)


def test_networks_of_bags_and_of_images_are_not_mixed_up(tmp_path):
    save_model(create_bag_model(4, 2), tmp_path / "bags.safetensors")
    save_model(create_model("test_resnet", 2, weights="none"), tmp_path / "images.safetensors")
    with pytest.raises(WeightsError, match="bags"):
        load_model(tmp_path / "bags.safetensors")
    with pytest.raises(WeightsError, match="images"):
        load_bag_model(tmp_path / "images.safetensors")


def test_another_number_of_features_is_refused():
    with pytest.raises(UsageError, match=r"\(N, 4, R\)"):
        create_bag_model(4, 2)(torch.zeros(1, 5, 3))


def test_names_of_features_travel_with_the_file(tmp_path):
    names = ("größe", "f1")
    save_model(create_bag_model(2, 1, feature_names=names), tmp_path / "a.safetensors")
    assert load_bag_model(tmp_path / "a.safetensors").feature_names == names
    assert create_bag_model(2, 1).feature_names is None
    with pytest.raises(UsageError, match="must be 3 different names, got 2"):
        create_bag_model(3, 1, feature_names=names)
    with pytest.raises(UsageError, match="must be 2 different names"):
        create_bag_model(2, 1, feature_names=("a", "a"))


def test_what_was_constant_in_training_moves_no_score_later():
    net = create_bag_model(2, 1)
    net.standardise(torch.tensor([3.0, 0.0]), torch.tensor([0.0, 1.0]))
    assert net.constant == (0,)
    one, other = (net(torch.tensor([[[value, value], [1.0, 2.0]]])) for value in (3.0, 400.0))
    torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert one.isfinite().all()
