"""What training asks of any loss has an answer that does nothing."""

from __future__ import annotations

import pytest
import torch

from weldon.losses import TrainingLoss


class Sum(TrainingLoss):
    def __call__(self, scores, batch):
        return scores.sum()


def test_a_loss_that_only_says_its_number_can_be_trained_with():
    loss = Sum()
    loss.begin(torch.ones(2, 1), torch.ones(2, 1, dtype=torch.bool))
    assert loss(torch.full((2, 3), 2.0), {}) == 12
    assert (loss.state_dict(), loss.whole_set, loss.weighs_images) == ({}, False, True)
    assert loss.tasks == ("multilabel", "multiclass")


def test_a_loss_that_says_no_number_is_none():
    with pytest.raises(NotImplementedError):
        TrainingLoss()(torch.zeros(1), {})
