"""The ranking loss as training uses it: a batch with its memory, or batches that add up to the set."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from weldon.data import Record
from weldon.errors import UsageError
from weldon.losses import ap_loss
from weldon.models import create_bag_model
from weldon.training.ranking import ranking_objective, refuse_weights
from weldon.training.recipe import build_recipe


def objective(**options):
    return ranking_objective(build_recipe({"data": ".", "loss": "ap", **options}))


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
    ranked = objective(ap_memory=4)
    assert torch.equal(ranked(scores[0], first), ap_loss(scores[0], first["target"]))
    remembered = ranked(scores[1], second)
    assert not torch.equal(remembered, ap_loss(scores[1], second["target"]))
    assert torch.equal(objective()(scores[1], second), ap_loss(scores[1], second["target"]))


def test_the_batches_of_an_epoch_average_to_the_gradient_of_the_whole_set():
    loader, net = batches(), create_bag_model(2, 2, pool="max")
    logged = {}
    trainer = SimpleNamespace(train_dataloader=loader)
    module = SimpleNamespace(net=net, trainer=trainer, log=logged.__setitem__)
    ranked = objective(ap_scope="set")
    ranked.begin_epoch(module)
    mean = sum(ranked(net(batch["bag"], batch["mask"]), batch) for batch in loader) / len(loader)
    (part,) = torch.autograd.grad(mean, net.transfer.weight)
    scores = torch.cat([net(batch["bag"]) for batch in loader])
    whole = ap_loss(scores, torch.cat([batch["target"] for batch in loader]))
    (expected,) = torch.autograd.grad(whole, net.transfer.weight)
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(part, expected)
    torch.testing.assert_close(logged["train/set_loss"], whole.detach())


def test_a_set_has_no_memory():
    with pytest.raises(UsageError, match="ap_memory is for --ap-scope batch"):
        objective(ap_scope="set", ap_memory=4)


def test_weights_of_images_are_refused_not_ignored():
    weights = {"a.png": 1.0, "b.png": 2.0}
    images = [Record(Path(name), name, frozenset(), weight=weight) for name, weight in weights.items()]
    refuse_weights(images[:1])
    with pytest.raises(UsageError, match=r"1 images, b\.png for one: remove the column weight"):
        refuse_weights(images)
