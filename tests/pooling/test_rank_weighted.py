"""Global weighted rank pooling."""

from __future__ import annotations

import pytest
import torch

from contracts.pooling import DeployedPoolingContract, PoolingContract
from reference import pooling as reference
from weldon.errors import UsageError
from weldon.pooling import GWRPPool, average_pool, gwrp_pool, max_pool


class GWRPContract(PoolingContract):
    decay = 0.9

    def build(self):
        return GWRPPool(decay=self.decay)

    def function(self, scores, mask=None):
        return gwrp_pool(scores, mask, decay=self.decay)

    def naive(self, values):
        return reference.gwrp(values, self.decay)


class TestGWRP(GWRPContract, DeployedPoolingContract):
    pass


class TestDecayOfZero(GWRPContract):
    decay = 0.0

    def selected(self, values):
        return {max(values)}


@pytest.fixture
def scores(generator):
    return torch.randn(3, 4, 7, 6, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize(
    ("decay", "end"), [(0.0, max_pool), (0, max_pool), (1.0, average_pool), (1, average_pool)]
)
def test_decay_goes_from_max_to_average(scores, generator, decay, end):
    mask = torch.rand(3, 7, 6, generator=generator) > 0.4
    torch.testing.assert_close(gwrp_pool(scores, decay=decay), end(scores))
    torch.testing.assert_close(gwrp_pool(scores, mask, decay=decay), end(scores, mask))


def test_decay_that_underflows_stays_finite(generator):
    scores = torch.randn(1, 1, 2000, generator=generator)
    assert gwrp_pool(scores, decay=1e-30).isfinite().all()


@pytest.mark.parametrize("decay", [-0.1, 1.1, float("nan"), "1", None, True])
def test_decay_outside_its_range_is_refused(scores, decay):
    with pytest.raises(UsageError, match=r"`decay` must be a number in \[0, 1\]"):
        gwrp_pool(scores, decay=decay)
    with pytest.raises(UsageError, match=r"`decay` must be a number in \[0, 1\]"):
        GWRPPool(decay=decay)
