"""A recipe becomes the network it describes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from weldon.data import Record
from weldon.errors import UsageError
from weldon.models import BagNet, WeldonNet
from weldon.runs.recipe import build_recipe
from weldon.structured import open_bags
from weldon.training.build_net import build_net, refuse_cut_cells
from weldon.training.inputs.prepare import Prepared

IMAGES = Prepared((), (), (), ("cat", "dog"), "multilabel")


def recipe(**options):
    return build_recipe({"data": ".", "model": "test_resnet", "weights": "none", "image_size": 64, **options})


def test_a_network_of_images_has_the_pooling_and_the_classes_of_the_recipe():
    net = build_net(recipe(pool="wildcat", maps_per_class=3, k=2), IMAGES)
    assert isinstance(net, WeldonNet)
    assert net.transfer.out_channels == 2 * 3
    assert net(torch.rand(1, 3, 64, 64)).shape == (1, 2)


def test_the_colours_that_the_weights_saw_are_those_of_the_recipe():
    net = build_net(recipe(mean="0.1,0.2,0.3", std="0.4,0.5,0.6"), IMAGES)
    assert tuple(net.backbone.mean) == pytest.approx((0.1, 0.2, 0.3))
    assert tuple(net.backbone.std) == pytest.approx((0.4, 0.5, 0.6))


def test_a_size_that_cuts_cells_is_refused_before_anything_is_trained():
    with pytest.raises(UsageError, match="image_size must be a multiple of 32"):
        build_net(recipe(image_size=50), IMAGES)


@pytest.mark.parametrize(("size", "near"), [(447, "416 or 448"), (20, "32"), (33, "32 or 64")])
def test_the_nearest_sizes_are_named(size, near):
    refuse_cut_cells(448, 32)
    with pytest.raises(UsageError, match=f"got {size}: take {near}$"):
        refuse_cut_cells(size, 32)


def test_a_network_of_bags_is_standardised_by_the_training_bags_alone(tmp_path: Path):
    np.save(tmp_path / "a.npy", np.array([[1.0, 5.0], [3.0, 5.0]]))
    np.save(tmp_path / "b.npy", np.array([[900.0, 900.0]]))
    bags = open_bags(tmp_path)
    first, second = (Record(path, path.stem, frozenset({"cat"})) for path in bags.paths)
    prepared = Prepared((first,), (second,), (), ("cat", "dog"), "multilabel", bags=bags)
    net = build_net(build_recipe({"data": tmp_path}), prepared)
    assert isinstance(net, BagNet)
    assert (net.num_features, net.num_classes) == (2, 2)
    assert net.mean.tolist() == [2.0, 5.0]
    assert net.std.tolist() == [
        1.0,
        torch.finfo(torch.float32).max,
    ]  # the second feature is constant: passed over
