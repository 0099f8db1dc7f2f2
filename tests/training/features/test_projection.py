"""Maps on their strongest directions: what a linear head can see of them stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fixtures.cached_maps import CLASSES, made_up_maps
from weldon.models import RegionNet
from weldon.pooling import build_pooling
from weldon.training.features.projection import projected, projected_net, strongest_directions


@pytest.fixture
def dataset():
    """Maps whose features lie in four of sixteen directions, with cells that are no picture."""
    made = made_up_maps(30)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(16, 16)))[0][:, :4]
    made.cached.maps[:] = made.cached.maps[..., :4] @ turn.T
    made.cached.masks[:, 0] = False
    made.cached.maps[:, 0] = 50 * np.random.default_rng(1).normal(size=made.cached.maps[:, 0].shape)
    return made


def test_directions_are_those_of_real_cells_the_strongest_of_them(dataset):
    directions = strongest_directions(dataset, range(30), 4)
    torch.testing.assert_close(directions.T @ directions, torch.eye(4), atol=1e-5, rtol=0)
    cells = torch.from_numpy(dataset.cached.maps[:, 1:]).float().flatten(0, 2)
    kept = (cells @ directions).square().sum() / cells.square().sum()
    assert float(kept) == pytest.approx(1, abs=1e-3)  # padding has no say, however large
    one = strongest_directions(dataset, range(30), 1)
    expected = torch.linalg.svd(cells, full_matrices=False).Vh[0]
    assert abs(float(one[:, 0] @ expected)) == pytest.approx(1, abs=1e-3)


def test_a_network_says_the_same_of_projected_maps(dataset):
    torch.manual_seed(0)
    net = RegionNet(16, build_pooling("weldon", k_max=0.2, k_min=0.3), len(CLASSES))
    directions = strongest_directions(dataset, range(30), 4)
    images = [29, 3, 7]
    narrow, small = projected(dataset, images, directions), projected_net(net, directions)
    before, after = dataset.__getitems__(images), narrow.__getitems__(images)
    assert after["features"].shape == (3, 4, 4, 4)
    for name in ("target", "known", "index", "mask"):
        assert torch.equal(before[name], after[name])
    scores = [one.head(batch["features"], batch["mask"]) for one, batch in ((net, before), (small, after))]
    torch.testing.assert_close(scores[1], scores[0], atol=2e-3, rtol=1e-2)
    assert small.transfer.bias is not net.transfer.bias
