"""Softmax and logistic log loss."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from contracts.losses import ClassTargetContract, WeightedLossContract
from reference import losses as reference
from weldon.errors import UsageError
from weldon.losses import LogisticLoss, SoftmaxLoss, logistic_loss, softmax_loss
from weldon.losses.log_loss import positive_weights


class TestSoftmax(ClassTargetContract):
    def function(self, scores, target, **options):
        return softmax_loss(scores, target, **options)

    def build(self, **options):
        return SoftmaxLoss(**options)

    def naive(self, scores, target):
        return torch.tensor(reference.softmax(scores, target), dtype=torch.float64)


class TestLogistic(WeightedLossContract):
    def function(self, scores, target, **options):
        return logistic_loss(scores, target, **options)

    def build(self, **options):
        return LogisticLoss(**options)

    def targets(self, generator):
        return torch.randint(2, (self.images, self.classes), generator=generator).float()

    def naive(self, scores, target):
        return torch.tensor(reference.logistic(scores, target), dtype=torch.float64)


@pytest.fixture
def scores(generator):
    return 3 * torch.randn(6, 4, generator=generator, dtype=torch.float64)


@pytest.fixture
def target(generator):
    return torch.randint(2, (6, 4), generator=generator).double()


@pytest.fixture
def known(generator):
    return torch.rand(6, 4, generator=generator) > 0.3


def test_log_losses_agree_with_torch(scores, target):
    labels = target.argmax(1)
    torch.testing.assert_close(softmax_loss(scores, labels), cross_entropy(scores, labels))
    torch.testing.assert_close(
        logistic_loss(scores, target), binary_cross_entropy_with_logits(scores, target)
    )


@pytest.mark.parametrize("unknown", [-1.0, 7.0, torch.nan])
def test_unknown_cells_count_for_nothing(scores, target, known, unknown):
    hidden = target.masked_fill(~known, unknown)
    each = torch.tensor(reference.logistic(scores, target), dtype=torch.float64)
    torch.testing.assert_close(logistic_loss(scores, hidden, known), each[known].mean())
    torch.testing.assert_close(logistic_loss(scores, hidden, known, reduction="sum"), each[known].sum())
    kept = logistic_loss(scores, hidden, known, reduction="none")
    torch.testing.assert_close(kept, each * known)


def test_gradient_of_unknown_cells_is_zero_even_for_bad_scores(scores, target, known):
    scores = scores.masked_fill(~known, torch.nan).requires_grad_()
    logistic_loss(scores, target, known).backward()
    assert scores.grad.isfinite().all()
    assert (scores.grad[~known] == 0).all()
    assert (scores.grad[known] != 0).all()


def test_batch_without_a_known_cell_has_loss_zero(scores, target):
    nothing = torch.zeros_like(target, dtype=torch.bool)
    loss = logistic_loss(scores.requires_grad_(), target, nothing)
    loss.backward()
    assert loss.item() == 0
    assert (scores.grad == 0).all()


def test_positive_weight_multiplies_the_presence_of_its_class(scores, target, known):
    pos_weight = torch.tensor([1.0, 4.0, 0.5, 0.0], dtype=torch.float64)
    each = torch.tensor(reference.logistic(scores, target, pos_weight), dtype=torch.float64)
    weighted = logistic_loss(scores, target, known, pos_weight=pos_weight)
    torch.testing.assert_close(weighted, each[known].mean())
    torch.testing.assert_close(LogisticLoss(pos_weight=pos_weight)(scores, target, known), weighted)


def test_image_weight_and_known_cells_multiply(scores, target, known):
    weight = torch.tensor([1.0, 2.0, 0.0, 0.5, 1.0, 3.0], dtype=torch.float64)
    each = torch.tensor(reference.logistic(scores, target), dtype=torch.float64)
    importance = known * weight[:, None]
    expected = reference.weighted_mean(each.flatten().tolist(), importance.flatten().tolist())
    weighted = logistic_loss(scores, target, known, weight=weight)
    torch.testing.assert_close(weighted.item(), expected)


def test_weights_of_another_dtype_leave_the_dtype_of_the_loss(scores, target):
    wide = torch.ones(6, dtype=torch.float64)
    assert logistic_loss(scores.float(), target, weight=wide, pos_weight=wide[:4]).dtype == torch.float32
    assert softmax_loss(scores.half(), target.argmax(1), weight=wide).dtype == torch.float32


def test_target_may_be_a_probability(scores):
    soft = torch.full_like(scores, 0.25)
    expected = logistic_loss(scores, torch.ones_like(soft)) / 4 + logistic_loss(scores, soft * 0) * 3 / 4
    torch.testing.assert_close(logistic_loss(scores, soft), expected)


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.float32])
def test_target_may_have_any_dtype(scores, target, dtype):
    torch.testing.assert_close(logistic_loss(scores, target.to(dtype)), logistic_loss(scores, target))


@pytest.mark.parametrize("value", [-1.0, 2.0, torch.nan])
def test_target_of_minus_one_is_never_guessed(scores, target, known, value):
    known[2, 3], target[2, 3] = True, value
    with pytest.raises(
        UsageError, match=rf"got {value} for image 2, class 3: mark unknown cells with `mask`"
    ):
        logistic_loss(scores, target, known)


def test_bad_mask_is_refused(scores, target, known):
    for wrong in (known[1:], known[:, 0], known.float()):
        with pytest.raises(UsageError, match=r"`mask` must be \(N, C\) = \(6, 4\) bool, True on known cells"):
            logistic_loss(scores, target, wrong)


def test_bad_positive_weight_is_refused(scores, target):
    with pytest.raises(UsageError, match=r"`pos_weight` must be \(C,\) = \(4,\), got shape \(6,\)"):
        logistic_loss(scores, target, pos_weight=torch.ones(6))
    with pytest.raises(UsageError, match=r"`pos_weight` must be at least 0 for every class, got -1"):
        logistic_loss(scores, target, pos_weight=-torch.ones(4))


def test_positive_weight_follows_the_module():
    assert LogisticLoss(pos_weight=torch.ones(3)).double().pos_weight.dtype == torch.float64
    assert LogisticLoss().pos_weight is None


LABELS = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
KNOWN = torch.tensor([[True, True], [True, True], [True, False], [True, False]])


def test_balanced_is_known_absent_over_known_present():
    assert positive_weights("balanced", LABELS, KNOWN).tolist() == [3.0, 1.0]
    nobody = torch.zeros(4, 1)
    assert positive_weights("balanced", nobody, nobody == 0).tolist() == [4.0]


def test_a_number_is_the_weight_of_every_class_and_none_is_none():
    assert positive_weights("2.5", LABELS, KNOWN).tolist() == [2.5, 2.5]
    assert positive_weights("none", LABELS, KNOWN) is None
    with pytest.raises(UsageError, match="none, balanced or a number, got 'much'"):
        positive_weights("much", LABELS, KNOWN)
