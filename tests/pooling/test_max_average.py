"""Max and average pooling."""

from __future__ import annotations

import torch

from contracts.pooling import DeployedPoolingContract
from reference import pooling as reference
from weldon.pooling import AveragePool, MaxPool, average_pool, max_pool


class TestMaxPool(DeployedPoolingContract):
    def build(self):
        return MaxPool()

    def function(self, scores, mask=None):
        return max_pool(scores, mask)

    def naive(self, values):
        return max(values)

    def selected(self, values):
        return {max(values)}


class TestAveragePool(DeployedPoolingContract):
    def build(self):
        return AveragePool()

    def function(self, scores, mask=None):
        return average_pool(scores, mask)

    def naive(self, values):
        return reference.mean(values)


def test_max_of_a_tie_sends_the_gradient_to_one_region():
    scores = torch.ones(1, 1, 2, 2, requires_grad=True)
    max_pool(scores).sum().backward()
    assert sorted(scores.grad.flatten().tolist()) == [0.0, 0.0, 0.0, 1.0]


def test_average_agrees_with_torch(generator):
    scores = torch.randn(2, 3, 5, 7, generator=generator)
    expected = torch.nn.functional.adaptive_avg_pool2d(scores, 1).flatten(1)
    torch.testing.assert_close(average_pool(scores), expected)
