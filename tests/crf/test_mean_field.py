"""Mean field: against the loop written out, and its gradient."""

from __future__ import annotations

import pytest
import torch

from weldon.crf.kernels import gaussian_kernel, kernel_sum
from weldon.crf.mean_field import mean_field


@pytest.fixture
def kernels(generator):
    place = torch.randn(2, 30, generator=generator)
    both = torch.randn(5, 30, generator=generator)
    return kernel_sum([gaussian_kernel(f).to(torch.float64) for f in (place, both)], [1.5, 2.0])


@pytest.fixture
def logits(generator):
    return torch.randn(30, 3, generator=generator, dtype=torch.float64).log_softmax(1)


def written_out(logits, kernels, iterations):
    matrix = kernels(torch.eye(len(logits), dtype=logits.dtype))
    marginals = logits.softmax(1)
    for _ in range(iterations):
        marginals = (logits + matrix @ marginals).softmax(1)
    return marginals


@pytest.mark.parametrize("iterations", [0, 1, 4])
def test_mean_field_equals_the_loop_written_out(logits, kernels, iterations):
    found = mean_field(logits, kernels, iterations=iterations)
    torch.testing.assert_close(found, written_out(logits, kernels, iterations))


def test_gradient_equals_that_of_the_loop_written_out(logits, kernels, generator):
    weights = torch.randn(30, 3, generator=generator, dtype=torch.float64)
    gradients = []
    for function in (lambda x: mean_field(x, kernels, iterations=4), lambda x: written_out(x, kernels, 4)):
        leaf = logits.clone().requires_grad_()
        (function(leaf) * weights).sum().backward()
        gradients.append(leaf.grad)
    torch.testing.assert_close(*gradients)


def test_gradient_equals_finite_differences(logits, kernels):
    leaf = logits.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: mean_field(x, kernels, iterations=3), (leaf,))


def test_recording_a_gradient_changes_no_bit(logits, kernels):
    plain = mean_field(logits, kernels, iterations=3)
    assert torch.equal(plain, mean_field(logits.clone().requires_grad_(), kernels, iterations=3))


def test_logits_are_left_as_they_were(logits, kernels):
    before = logits.clone()
    mean_field(logits, kernels, iterations=2)
    assert torch.equal(logits, before)


def test_without_kernels_it_is_the_softmax(logits):
    torch.testing.assert_close(mean_field(logits, None, iterations=5), logits.softmax(1))


def test_weights_far_beyond_exp_give_no_infinities(logits, generator):
    heavy = kernel_sum([gaussian_kernel(torch.randn(2, 30, generator=generator)).to(torch.float64)], [1e5])
    marginals = mean_field(logits, heavy, iterations=3)
    assert marginals.isfinite().all()
    torch.testing.assert_close(marginals.sum(1), torch.ones(30, dtype=torch.float64))
