"""A loss is built by its name, from those of all options that are its own."""

from __future__ import annotations

import pytest
import torch

from weldon.losses import LOSSES, TrainingLoss
from weldon.losses.registry import USUAL, build_loss, tasks_of

EVERY = {"pos_weight": "3", "ap_scope": "set", "ap_memory": 0, "ap_scale": 0.5, "beta": 2.0}


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_takes_its_own_options_and_says_the_truth_about_its_tasks(name):
    loss = build_loss(name, EVERY)
    assert isinstance(loss, TrainingLoss)
    assert tasks_of(name) == loss.tasks
    assert set(loss.tasks) <= {"multilabel", "multiclass"}


def test_each_task_has_a_usual_loss_that_is_for_it():
    assert USUAL == {"multilabel": "logistic", "multiclass": "softmax"}
    assert all(task in tasks_of(name) for task, name in USUAL.items())


def test_options_reach_the_loss():
    loss = build_loss("logistic", EVERY)
    loss.begin(torch.tensor([[1.0]]), torch.tensor([[True]]))
    batch = {"target": torch.ones(1, 1), "known": torch.ones(1, 1, dtype=torch.bool), "weight": torch.ones(1)}
    plain = build_loss("logistic", {})(torch.zeros(1, 1), batch)
    assert loss(torch.zeros(1, 1), batch) == pytest.approx(3 * plain)
    assert build_loss("ap", EVERY).whole_set
    assert not build_loss("ap", {}).whole_set
