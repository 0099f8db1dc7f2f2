"""A set is scored batch by batch: every row beside its labels, and one scale for all its maps."""

from __future__ import annotations

import pytest
import torch

from weldon.models import create_bag_model
from weldon.training.scoring import score_set


@pytest.fixture
def net():
    """Scores a bag by its highest instance: one feature, weight 2."""
    net = create_bag_model(1, 1, k_max=1, k_min=0)
    with torch.no_grad():
        net.transfer.weight.fill_(2.0)
    return net.train()


def batch(values: list[list[float]], index: list[int], **options) -> dict:
    bag = torch.tensor(values)[:, None]  # (N, 1, R)
    count = len(values)
    return {
        "bag": bag,
        "mask": torch.ones(count, bag.shape[2], dtype=torch.bool),
        "target": torch.tensor(index).float()[:, None] % 2,
        "known": torch.ones(count, 1, dtype=torch.bool),
        "index": torch.tensor(index),
        **options,
    }


def test_scores_by_hand_stay_beside_their_labels(net):
    found = score_set(net, [batch([[1.0, -3.0], [0.5, 0.25]], [4, 1]), batch([[-1.0, -2.0]], [3])])
    assert found.scores.tolist() == [[2.0], [1.0], [-2.0]]
    assert found.target.tolist() == [[0.0], [1.0], [1.0]]
    assert found.index.tolist() == [4, 1, 3]
    assert found.known.all()


def test_padding_has_no_score(net):
    mask = torch.tensor([[True, False]])
    assert score_set(net, [batch([[-1.0, 9.0]], [0], mask=mask)]).scores.tolist() == [[-2.0]]


def test_the_scale_of_pictures_is_the_size_that_few_regions_exceed(net):
    values = [[-1.0] * 999 + [100.0]]
    assert score_set(net, [batch(values, [0])]).map_scale == 2.0
    halves = [[-1.0] * 50 + [3.0] * 50]
    assert score_set(net, [batch(halves, [0])]).map_scale == 6.0


def test_the_network_is_in_evaluation_mode_and_keeps_no_graph(net):
    found = score_set(net, [batch([[1.0]], [0])])
    assert not net.training
    assert not found.scores.requires_grad


def test_half_precision_scores_come_back_in_single(net):
    half = {"bag": torch.ones(1, 1, 2).half()}
    assert score_set(net.half(), [batch([[1.0, 1.0]], [0]) | half]).scores.dtype == torch.float32
