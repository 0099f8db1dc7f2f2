from __future__ import annotations

import itertools

import pytest
import torch

from contracts.output_space import OutputSpaceContract
from weldon.errors import UsageError
from weldon.structured import MultiLabel


class TestMultiLabel(OutputSpaceContract):
    def build(self):
        return MultiLabel()

    def targets(self):
        return torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]], dtype=torch.float64)

    def answers(self):
        return [torch.tensor([labels]) for labels in itertools.product((0, 1), repeat=3)]

    def joint(self, scores, answer):
        return float(((2 * answer[0] - 1) * scores).sum()) / 2


class TestMultiLabelWithCosts(TestMultiLabel):
    def build(self):
        return MultiLabel(miss=3.0, false_alarm=0.5)


def test_unknown_labels_have_no_loss_and_no_gradient():
    scores = torch.tensor([[0.5, 9.0], [0.5, -9.0]], requires_grad=True)
    target = torch.tensor([[1.0, torch.nan], [1.0, torch.nan]])
    loss = MultiLabel().loss(scores, target)
    (gradient,) = torch.autograd.grad(loss, scores)
    assert loss.item() == pytest.approx(0.5)
    assert gradient[:, 1].abs().max() == 0


def test_unknown_labels_cost_nothing_whatever_the_answer():
    target = torch.tensor([[torch.nan, 1.0]])
    for answer in ([[0, 1]], [[1, 1]]):
        assert MultiLabel().delta(target, torch.tensor(answer)).item() == 0


def test_log_loss_leaves_unknown_labels_out():
    target = torch.tensor([[1.0, torch.nan]])
    with_unknown = MultiLabel().log_loss(torch.tensor([[1.0, 5.0]]), target, torch.ones(1), beta=1.0)
    alone = MultiLabel().log_loss(torch.tensor([[1.0]]), target[:, :1], torch.ones(1), beta=1.0)
    assert with_unknown == alone


@pytest.mark.parametrize("name", ["miss", "false_alarm"])
def test_a_cost_of_nothing_is_refused(name):
    with pytest.raises(UsageError, match=name):
        MultiLabel(**{name: 0.0})
