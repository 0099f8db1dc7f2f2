"""Training with average precision, by batches and over the whole set."""

from __future__ import annotations

import pytest
import torch

from weldon.errors import UsageError
from weldon.losses import ap_loss
from weldon.losses.ap.training import RankingTraining
from weldon.models import create_bag_model


def batches(count: int = 12, size: int = 4) -> list[dict]:
    """Bags of one instance with two features, in batches."""
    bags, target = torch.randn(count, 2, 1), (torch.rand(count, 2) < 0.5).float()
    rows = [torch.arange(start, start + size) for start in range(0, count, size)]
    return [
        {
            "bag": bags[row],
            "mask": torch.ones(size, 1, dtype=torch.bool),
            "target": target[row],
            "known": torch.ones(size, 2, dtype=torch.bool),
            "index": row,
        }
        for row in rows
    ]


def test_a_batch_is_ranked_by_itself_or_with_what_is_remembered():
    first, second = batches(8)
    scores = torch.randn(2, 4, 2)
    ranked = RankingTraining(ap_memory=4)
    assert torch.equal(ranked(scores[0], first), ap_loss(scores[0], first["target"]))
    remembered = ranked(scores[1], second)
    assert not torch.equal(remembered, ap_loss(scores[1], second["target"]))
    assert torch.equal(RankingTraining()(scores[1], second), ap_loss(scores[1], second["target"]))


def test_the_batches_of_an_epoch_average_to_the_gradient_of_the_whole_set():
    loader, net = batches(), create_bag_model(2, 2, pool="max")
    ranked = RankingTraining(ap_scope="set")
    first = [net(batch["bag"], batch["mask"]).detach() for batch in loader]
    told = [torch.cat([batch[name] for batch in loader]) for name in ("target", "known", "index")]
    value = ranked.rank_set(torch.cat(first), *told, batches=len(loader))
    mean = sum(ranked(net(batch["bag"], batch["mask"]), batch) for batch in loader) / len(loader)
    (part,) = torch.autograd.grad(mean, net.transfer.weight)
    scores = torch.cat([net(batch["bag"]) for batch in loader])
    whole = ap_loss(scores, torch.cat([batch["target"] for batch in loader]))
    (expected,) = torch.autograd.grad(whole, net.transfer.weight)
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(part, expected)
    torch.testing.assert_close(value, whole.detach())


def test_a_set_has_no_memory():
    with pytest.raises(UsageError, match="ap_memory is for --ap-scope batch"):
        RankingTraining(ap_scope="set", ap_memory=4)


def test_what_is_remembered_goes_into_a_checkpoint_and_back():
    first, second = batches(8)
    scores = torch.randn(2, 4, 2)
    one, other = RankingTraining(ap_memory=4), RankingTraining(ap_memory=4)
    one(scores[0], first)
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(scores[1], second), other(scores[1], second))
    assert not torch.equal(one(scores[1], second), RankingTraining(ap_memory=4)(scores[1], second))
