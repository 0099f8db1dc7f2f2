from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from weldon.structured import LinearScores, LogLinear, region_scores

RANDOM = np.random.default_rng(2)
TABLE = RANDOM.normal(size=(20, 6)) * (RANDOM.random((20, 6)) < 0.5)


def _values(kind: str):
    return sp.csr_array(TABLE) if kind == "sparse" else torch.from_numpy(TABLE)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("selected", [1, 4, 20])
def test_scores_and_gradient_are_those_of_the_product(kind, selected):
    weight = torch.randn(3, 6, dtype=torch.float64, requires_grad=True)
    above = torch.zeros(20, 3, dtype=torch.float64)
    above[:selected] = torch.randn(selected, 3, dtype=torch.float64)
    scores = region_scores(_values(kind), weight)
    scores.backward(above)
    torch.testing.assert_close(scores, torch.from_numpy(TABLE) @ weight.T)
    torch.testing.assert_close(weight.grad, above.T @ torch.from_numpy(TABLE))


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("intercept", [True, False])
def test_the_vector_form_is_the_module(kind, intercept):
    module = LogLinear(6, 3, intercept=intercept).double()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    linear = LinearScores(_values(kind), 3, intercept)
    vector = linear.join(module.weight, module.bias)
    assert len(vector) == linear.size
    scores = module(_values(kind))
    torch.testing.assert_close(linear.scores(vector), scores.detach())
    above = torch.randn(20, 3, dtype=torch.float64)
    gradients = torch.autograd.grad(scores, list(module.parameters()), above)
    torch.testing.assert_close(linear.pull_back(above), torch.cat([g.flatten() for g in gradients]))


def test_float32_features_give_float32_scores():
    linear = LinearScores(torch.from_numpy(TABLE).float(), 2, True)
    assert linear.scores(torch.ones(linear.size, dtype=torch.float64)).dtype == torch.float32
    assert (
        LinearScores(sp.csr_array(TABLE.astype(np.float32)), 2, True)
        .scores(torch.ones(14, dtype=torch.float64))
        .dtype
        == torch.float32
    )
