"""From losses to one number, by hand; what every loss does with it is in the contract of losses."""

from __future__ import annotations

import pytest
import torch

from weldon.errors import UsageError
from weldon.losses.reduction import check_class_target, check_image_weight, reduce_losses, wide_scores

LOSSES = torch.tensor([1.0, 4.0, 10.0])


def test_the_mean_divides_by_what_counts():
    assert reduce_losses(LOSSES).item() == 5.0
    assert reduce_losses(LOSSES, torch.tensor([2.0, 1.0, 0.0])).item() == 2.0  # (2 + 4) / 3


def test_the_sum_and_the_single_losses_are_weighed_and_not_divided():
    importance = torch.tensor([2.0, 1.0, 0.0])
    assert reduce_losses(LOSSES, importance, reduction="sum").item() == 6.0
    assert reduce_losses(LOSSES, importance, reduction="none").tolist() == [2.0, 4.0, 0.0]


def test_yes_and_no_are_an_importance():
    assert reduce_losses(LOSSES, torch.tensor([True, False, True])).item() == 5.5


@pytest.mark.parametrize("importance", [None, torch.zeros(0)])
def test_an_empty_batch_has_loss_zero_and_a_gradient(importance):
    losses = torch.zeros(0, requires_grad=True)
    loss = reduce_losses(losses, importance)
    loss.backward()
    assert loss.item() == 0.0


def test_a_batch_in_which_nothing_counts_has_loss_and_gradient_zero():
    losses = LOSSES.clone().requires_grad_()
    reduce_losses(losses, torch.zeros(3)).backward()
    assert losses.grad.tolist() == [0.0, 0.0, 0.0]


def test_another_reduction_lists_the_choices():
    with pytest.raises(UsageError, match="'mean', 'sum' or 'none', got 'max'"):
        reduce_losses(LOSSES, reduction="max")


@pytest.mark.parametrize(
    ("given", "computed"),
    [
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_scores_are_computed_with_in_single_precision_at_least(given, computed):
    assert wide_scores(torch.zeros(2, 3, dtype=given)).dtype == computed


@pytest.mark.parametrize("wrong", [torch.zeros(3), torch.zeros(2, 0), torch.zeros(2, 3, dtype=torch.long)])
def test_scores_of_another_form_are_refused_with_their_own(wrong):
    with pytest.raises(UsageError, match=r"must be \(N, C\) floating point, got torch\."):
        wide_scores(wrong)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (torch.tensor([0.0, 1.0]), r"\(2,\) int64, one class index for each image, got torch.float32"),
        (torch.tensor([0]), r"got torch.int64 \(1,\)"),
        (torch.tensor([0, 3]), "class indices from 0 to 2, got 0 to 3"),
        (torch.tensor([-1, 2]), "class indices from 0 to 2, got -1 to 2"),
    ],
)
def test_a_target_that_is_no_class_says_what_it_holds(target, words):
    check_class_target(torch.zeros(2, 3), torch.tensor([0, 2]))
    with pytest.raises(UsageError, match=words):
        check_class_target(torch.zeros(2, 3), target)


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (torch.ones(3), r"\(2,\), got shape \(3,\)"),
        (torch.tensor([1.0, -0.5]), "at least 0 for every image, got -0.5"),
        (torch.tensor([1.0, float("nan")]), "at least 0 for every image, got nan"),
    ],
)
def test_a_weight_that_cannot_be_says_what_it_holds(weight, words):
    check_image_weight(None, torch.zeros(2, 3))
    check_image_weight(torch.tensor([0.0, 2.0]), torch.zeros(2, 3))
    with pytest.raises(UsageError, match=words):
        check_image_weight(weight, torch.zeros(2, 3))
