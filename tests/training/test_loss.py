"""The loss of a recipe, by hand on one batch."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from weldon.data import Record
from weldon.errors import UsageError
from weldon.losses import ap_loss
from weldon.models import create_bag_model
from weldon.runs.recipe import build_recipe
from weldon.training.loss import build_objective, positive_weights, ranking_objective, refuse_weights


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


TARGET = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
KNOWN = torch.tensor([[True, True], [True, True], [True, False], [True, False]])


def loss(scores, target, task: str, *, known=None, weight=None, **options) -> float:
    """The loss of one batch of images."""
    scores, target = torch.tensor(scores), torch.tensor(target)
    batch = {
        "target": target,
        "known": torch.ones_like(target, dtype=torch.bool) if known is None else torch.tensor(known),
        "weight": torch.ones(len(target)) if weight is None else torch.tensor(weight),
        "index": torch.arange(len(target)),
    }
    objective = build_objective(build_recipe({"data": ".", **options}), task, TARGET, KNOWN)
    return float(objective(scores, batch))


def test_several_labels_take_the_logistic_loss_of_the_known_cells():
    scores, target = [[0.0, 9.0]], [[1.0, 0.0]]
    assert loss(scores, target, "multilabel", known=[[True, False]]) == pytest.approx(math.log(2))


def test_one_label_takes_the_softmax_loss():
    assert loss([[0.0, math.log(3)]], [[1.0, 0.0]], "multiclass") == pytest.approx(math.log(4))


def test_the_hinge_by_hand():
    assert loss([[2.0, 1.5]], [[1.0, 0.0]], "multiclass", loss="hinge") == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["logistic", "softmax", "hinge"])
def test_an_image_counts_by_its_weight(name):
    task = "multilabel" if name == "logistic" else "multiclass"
    scores, target = [[2.0, 1.5], [0.0, 3.0]], [[1.0, 0.0], [1.0, 0.0]]
    alone = [loss(scores[row : row + 1], target[:1], task, loss=name) for row in range(2)]
    both = loss(scores, target, task, loss=name, weight=[3.0, 1.0])
    assert both == pytest.approx((3 * alone[0] + alone[1]) / 4)


def test_a_perfect_ranking_beyond_the_margin_costs_nothing():
    assert loss([[5.0], [-5.0]], [[1.0], [0.0]], "multilabel", loss="ap") == 0.0
    assert loss([[-5.0], [5.0]], [[1.0], [0.0]], "multilabel", loss="ap") > 0.5


@pytest.mark.parametrize("name", ["softmax", "hinge"])
def test_a_loss_of_one_label_is_refused_for_several(name):
    with pytest.raises(UsageError, match=f"loss '{name}' needs one label an image; this data is multilabel"):
        loss([[0.0]], [[1.0]], "multilabel", loss=name)


def test_balanced_is_known_absent_over_known_present():
    assert positive_weights("balanced", TARGET, KNOWN).tolist() == [3.0, 1.0]
    nobody = torch.zeros(4, 1)
    assert positive_weights("balanced", nobody, nobody == 0).tolist() == [4.0]


def test_a_number_is_the_weight_of_every_class_and_none_is_none():
    assert positive_weights("2.5", TARGET, KNOWN).tolist() == [2.5, 2.5]
    assert positive_weights("none", TARGET, KNOWN) is None
    with pytest.raises(UsageError, match="none, balanced or a number, got 'much'"):
        positive_weights("much", TARGET, KNOWN)


def test_the_weight_of_the_present_is_used():
    plain = loss([[0.0, 0.0]], [[1.0, 0.0]], "multilabel")
    heavy = loss([[0.0, 0.0]], [[1.0, 0.0]], "multilabel", pos_weight="3")
    assert (plain, heavy) == pytest.approx((math.log(2), 2 * math.log(2)))
