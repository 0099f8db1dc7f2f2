"""What every loss keeps to; a loss's test class inherits it and says how to call and to check one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from weldon.errors import UsageError


class LossContract:
    """Inherit, and define ``function``, ``build``, ``targets`` and ``naive``."""

    images, classes = 6, 4

    def function(self, scores: Tensor, target: Tensor, **options) -> Tensor:
        raise NotImplementedError

    def build(self, **options) -> torch.nn.Module:
        raise NotImplementedError

    def targets(self, generator: torch.Generator) -> Tensor:
        raise NotImplementedError

    def naive(self, scores: Tensor, target: Tensor) -> Tensor:
        """The losses before any reduction, in float64, from a slow loop."""
        raise NotImplementedError

    @pytest.fixture
    def target(self, generator) -> Tensor:
        return self.targets(generator)

    @pytest.fixture
    def scores(self, generator) -> Tensor:
        return 3 * torch.randn(self.images, self.classes, generator=generator, dtype=torch.float64)

    def test_equals_a_naive_loop(self, scores, target):
        torch.testing.assert_close(
            self.function(scores, target, reduction="none"), self.naive(scores, target)
        )

    def test_reductions_agree(self, scores, target):
        each = self.function(scores, target, reduction="none")
        torch.testing.assert_close(self.function(scores, target, reduction="sum"), each.sum())
        torch.testing.assert_close(self.function(scores, target, reduction="mean"), each.mean())
        torch.testing.assert_close(self.function(scores, target), each.mean())

    @pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
    def test_module_is_the_function(self, scores, target, reduction):
        expected = self.function(scores, target, reduction=reduction)
        assert torch.equal(self.build(reduction=reduction)(scores, target), expected)

    def test_gradient_is_exact(self, scores, target):
        assert torch.autograd.gradcheck(lambda s: self.function(s, target), scores.requires_grad_())

    def test_loss_is_at_least_zero(self, scores, target):
        assert (self.function(scores, target, reduction="none") >= 0).all()

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
    def test_huge_scores_stay_finite_in_every_dtype(self, scores, target, dtype):
        huge = (1e4 * scores.sign()).to(dtype).requires_grad_()
        loss = self.function(huge, target)
        assert loss.dtype == torch.promote_types(dtype, torch.float32)
        torch.testing.assert_close(
            loss.double(), self.naive(huge.detach().double(), target).mean(), rtol=1e-5, atol=0
        )
        loss.backward()
        assert huge.grad.isfinite().all()

    def test_arguments_are_left_alone(self, scores, target):
        before, labels = scores.clone(), target.clone()
        self.function(scores, target)
        assert torch.equal(scores, before)
        assert torch.equal(target, labels)

    def test_empty_batch_has_loss_zero(self, scores, target):
        assert self.function(scores[:0], target[:0]).item() == 0

    def test_compiled_agrees(self, scores, target):
        torch.compiler.reset()
        compiled = torch.compile(self.build(), backend="aot_eager", fullgraph=True)
        torch.testing.assert_close(compiled(scores, target), self.function(scores, target))

    def test_unknown_reduction_is_refused(self, scores, target):
        with pytest.raises(UsageError, match="`reduction` must be 'mean', 'sum' or 'none', got 'average'"):
            self.function(scores, target, reduction="average")

    def test_bad_scores_are_refused(self, scores, target):
        for wrong in (scores[0], scores.unsqueeze(0), scores[:, :0], scores.long()):
            with pytest.raises(UsageError, match=r"`scores` must be \(N, C\) floating point"):
                self.function(wrong, target)

    def test_target_of_another_shape_is_refused(self, scores, target):
        for wrong in (target[1:], target.unsqueeze(0)):
            with pytest.raises(UsageError, match="`target` must"):
                self.function(scores, wrong)


class WeightedLossContract(LossContract):
    """The contract of a loss that also takes a weight for each image."""

    def test_weighted_mean_is_the_mean_of_repeated_images(self, scores, target):
        weight = torch.tensor([2, 1, 0, 3, 1, 1])
        repeated = torch.arange(self.images).repeat_interleave(weight)
        weighted = self.function(scores, target, weight=weight.double())
        torch.testing.assert_close(weighted, self.function(scores[repeated], target[repeated]))

    def test_weight_of_one_changes_nothing(self, scores, target):
        ones = torch.ones(self.images, dtype=torch.float64)
        torch.testing.assert_close(self.function(scores, target, weight=ones), self.function(scores, target))

    def test_weights_of_zero_give_zero_and_no_gradient(self, scores, target):
        loss = self.function(scores.requires_grad_(), target, weight=torch.zeros(self.images))
        loss.backward()
        assert loss.item() == 0
        assert (scores.grad == 0).all()

    def test_bad_weight_is_refused(self, scores, target):
        with pytest.raises(UsageError, match=r"`weight` must be \(N,\) = \(6,\), got shape \(4,\)"):
            self.function(scores, target, weight=torch.ones(4))
        with pytest.raises(UsageError, match="`weight` must be at least 0 for every image"):
            self.function(scores, target, weight=torch.tensor([1.0, -1, 1, 1, 1, 1]))


class ClassTargetContract(WeightedLossContract):
    """The contract of a loss whose target is one class index for each image."""

    def targets(self, generator):
        return torch.randint(self.classes, (self.images,), generator=generator)

    @pytest.mark.parametrize("index", [-1, 4, -100])
    def test_index_that_is_no_class_is_refused(self, scores, target, index):
        target[2] = index
        with pytest.raises(UsageError, match=r"`target` must hold class indices from 0 to 3, got"):
            self.function(scores, target)

    def test_float_or_one_hot_target_is_refused(self, scores, target):
        for wrong in (target.double(), torch.nn.functional.one_hot(target, self.classes)):
            with pytest.raises(UsageError, match=r"`target` must be \(N,\) = \(6,\) int64"):
                self.function(scores, wrong)
