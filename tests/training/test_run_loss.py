"""The loss of a recipe, by hand on one batch."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from weldon.data import Record
from weldon.errors import UsageError
from weldon.runs.recipe_file import build_recipe
from weldon.training.run_loss import build_objective, other_losses, refuse_weights


def test_weights_of_images_are_refused_not_ignored():
    weights = {"a.png": 1.0, "b.png": 2.0}
    images = [Record(Path(name), name, frozenset(), weight=weight) for name, weight in weights.items()]
    refuse_weights(images[:1], "ap")
    with pytest.raises(UsageError, match=r"1 images, b\.png for one: remove the column weight"):
        refuse_weights(images, "ap")


def test_the_ap_loss_may_be_tried_only_where_the_loss_is_left_open():
    """Not where a loss or one of its options was given, nor where images have one label or a weight."""
    images = [Record(Path("a.png"), "a.png", frozenset()), Record(Path("b.png"), "b.png", frozenset())]
    labels = (torch.eye(2), torch.ones(2, 2, dtype=torch.bool))

    def tried(task="multilabel", records=images, **options):
        return list(other_losses(build_recipe({"data": ".", **options}), task, records, *labels))

    assert tried() == ["ap"]
    assert tried("multiclass") == tried(loss="logistic") == tried(pos_weight="balanced") == []
    assert tried(calibrate=False) == []  # nothing would make probabilities of its scores
    assert tried(records=[*images, Record(Path("c.png"), "c.png", frozenset(), weight=2.0)]) == []
    loss = other_losses(build_recipe({"data": "."}), "multilabel", images, *labels)["ap"]()
    batch = {"target": labels[0], "known": labels[1], "index": torch.arange(2), "weight": torch.ones(2)}
    assert float(loss(torch.eye(2) * 9, batch)) == 0  # a ranking without a fault


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


def test_the_weight_of_the_present_is_used():
    plain = loss([[0.0, 0.0]], [[1.0, 0.0]], "multilabel")
    heavy = loss([[0.0, 0.0]], [[1.0, 0.0]], "multilabel", pos_weight="3")
    assert (plain, heavy) == pytest.approx((math.log(2), 2 * math.log(2)))
