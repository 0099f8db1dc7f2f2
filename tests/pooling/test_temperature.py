"""LSE and the generalised pooling of Eq. 8: its limits, and Table 1's special cases."""

from __future__ import annotations

import math

import pytest
import torch

from contracts.pooling import DeployedPoolingContract, PoolingContract
from reference import pooling as reference
from weldon.errors import UsageError
from weldon.pooling import (
    GeneralisedPool,
    LSEPool,
    average_pool,
    build_pooling,
    generalised_pool,
    lse_pool,
    max_pool,
    weldon_pool,
)

inf = math.inf


class GeneralisedContract(PoolingContract):
    beta_max, beta_min = inf, -inf

    def build(self):
        return GeneralisedPool(beta_max=self.beta_max, beta_min=self.beta_min)

    def function(self, scores, mask=None):
        return generalised_pool(scores, mask, beta_max=self.beta_max, beta_min=self.beta_min)

    def naive(self, values):
        return reference.generalised(values, self.beta_max, self.beta_min)


class TestBothSides(GeneralisedContract, DeployedPoolingContract):
    beta_max, beta_min = 0.7, -0.2


class TestMaximumAndAverage(GeneralisedContract):
    beta_max, beta_min = inf, 0.0


class TestExtremes(GeneralisedContract):
    def selected(self, values):
        return {max(values), min(values)}


class TestLSE(PoolingContract):
    def build(self):
        return LSEPool(beta=0.8)

    def function(self, scores, mask=None):
        return lse_pool(scores, mask, beta=0.8)

    def naive(self, values):
        return reference.log_mean_exp(values, 0.8)


@pytest.fixture
def scores(generator):
    return 3 * torch.randn(3, 4, 7, 6, generator=generator, dtype=torch.float64)


@pytest.fixture
def mask(generator):
    return torch.rand(3, 7, 6, generator=generator) > 0.4


TABLE_1 = {
    "average pooling": ((0.0, 0.0), average_pool),
    "max pooling": ((inf, inf), max_pool),
    "negative evidence (MANTRA)": ((inf, -inf), weldon_pool),
    "HCRF, MSSVM": ((1.0, 1.0), build_pooling("hcrf")),
    "LSE": ((3.0, 3.0), LSEPool(beta=3.0)),
}


@pytest.mark.parametrize("case", TABLE_1)
def test_special_case_of_table_1_is_exact(scores, mask, case):
    (beta_max, beta_min), expected = TABLE_1[case]
    pooled = generalised_pool(scores, mask, beta_max=beta_max, beta_min=beta_min)
    torch.testing.assert_close(pooled, expected(scores, mask), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("beta", [0.0, 1e-300, -1e-300, 1e-31, 1e-29, -1e-29, 1e-20, 1e-12, -1e-9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_small_temperature_is_the_average(scores, mask, beta, dtype):
    scores = scores.to(dtype)
    pooled = lse_pool(scores, mask, beta=beta)
    torch.testing.assert_close(pooled, average_pool(scores, mask), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("beta", [inf, 1e300, 1e38, 1e29, 1e12, 1e7])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_large_temperature_is_the_maximum(scores, mask, beta, dtype):
    scores = scores.to(dtype)
    torch.testing.assert_close(
        lse_pool(scores, mask, beta=beta), max_pool(scores, mask), rtol=1e-6, atol=1e-6
    )
    torch.testing.assert_close(
        lse_pool(scores, mask, beta=-beta), -max_pool(-scores, mask), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("beta", [1e-300, 1e-29, -1e-8, 1e-3, -1.0, 30.0, 1e8, -1e29, 1e300])
def test_gradient_is_a_softmax_at_every_temperature(beta):
    scores = torch.tensor([[[0.0, 1.0, -40.0, 1e4, 5.0]]], requires_grad=True)
    lse_pool(scores, beta=beta).sum().backward()
    expected = torch.softmax(beta * scores.detach().double(), dim=-1).float()
    torch.testing.assert_close(scores.grad, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("beta", [1e-6, 1e-3, 0.1, 1.0, 10.0, 1e3])
@pytest.mark.parametrize("spread", [1e-3, 1.0, 1e3])
def test_float32_is_accurate_at_every_temperature_and_spread(generator, beta, spread):
    scores = spread * torch.randn(2, 2, 400, generator=generator)
    exact = lse_pool(scores.double(), beta=beta)
    error = (lse_pool(scores, beta=beta).double() - exact).abs().max()
    assert error <= 3e-6 * spread * 4  # a few roundings of the largest score


def test_one_region_far_above_very_many_others_is_accurate():
    scores = torch.full((1, 1, 100_000), -60.0)
    scores[..., 7] = 1.0
    torch.testing.assert_close(lse_pool(scores, beta=1.0).item(), 1.0 - math.log(100_000), rtol=0, atol=3e-6)


def test_score_grows_with_the_temperature(scores):
    pooled = torch.stack([lse_pool(scores, beta=beta) for beta in (-inf, -5.0, -0.1, 0.0, 0.1, 5.0, inf)])
    assert (pooled.diff(dim=0) > 0).all()


def test_sign_of_the_temperature_says_for_or_against(scores):
    positive, negative = GeneralisedPool(beta_max=2.0, beta_min=-3.0).region_weights(scores)
    torch.testing.assert_close(positive, torch.softmax(2 * scores.flatten(2), -1) / 2)
    torch.testing.assert_close(negative, torch.softmax(-3 * scores.flatten(2), -1) / 2)
    positive, negative = GeneralisedPool(beta_max=2.0, beta_min=2.0).region_weights(scores)
    torch.testing.assert_close(positive, torch.softmax(2 * scores.flatten(2), -1))
    assert (negative == 0).all()


@pytest.mark.parametrize("beta", [math.nan, "1", None, True])
def test_what_is_no_temperature_is_refused(scores, beta):
    with pytest.raises(UsageError, match="`beta` must be a real number"):
        lse_pool(scores, beta=beta)
    with pytest.raises(UsageError, match="`beta_min` must be a real number"):
        GeneralisedPool(beta_min=beta)
