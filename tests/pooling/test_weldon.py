"""WELDON and MANTRA: the highest and the lowest regions, and how they meet the other poolings."""

from __future__ import annotations

import pytest
import torch

from contracts.pooling import DeployedPoolingContract, PoolingContract
from reference import pooling as reference
from weldon.errors import UsageError
from weldon.pooling import WeldonPool, average_pool, generalised_pool, max_pool, weldon_pool


class WeldonContract(PoolingContract):
    k_max, k_min = 1, 1

    def build(self):
        return WeldonPool(k_max=self.k_max, k_min=self.k_min)

    def function(self, scores, mask=None):
        return weldon_pool(scores, mask, k_max=self.k_max, k_min=self.k_min)

    def naive(self, values):
        return reference.weldon(values, self.k_max, self.k_min)

    def selected(self, values):
        ordered, low = sorted(values), 0 if self.k_min == 0 else reference.count(self.k_min, len(values))
        return {*ordered[len(values) - reference.count(self.k_max, len(values)) :], *ordered[:low]}


class TestShares(WeldonContract, DeployedPoolingContract):
    k_max, k_min = 0.2, 0.3


class TestCountsBeyondTheSmallerImage(WeldonContract):
    k_max, k_min = 3, 12


class TestMantra(WeldonContract):
    pass


class TestNoNegativeEvidence(WeldonContract):
    k_max, k_min = 4, 0


class TestAllForAFewAgainst(WeldonContract):
    k_max, k_min = "all", 2


class TestTinyShare(WeldonContract):
    k_max, k_min = 1e-9, 0.999


@pytest.fixture
def scores(generator):
    return torch.randn(3, 4, 7, 6, generator=generator, dtype=torch.float64)


@pytest.fixture
def mask(generator):
    return torch.rand(3, 7, 6, generator=generator) > 0.4


def test_one_and_one_is_mantra(scores, mask):
    """Eq. 3, written out."""
    real = scores.flatten(2)
    expected = (real.amax(-1) + real.amin(-1)) / 2
    torch.testing.assert_close(weldon_pool(scores), expected)
    torch.testing.assert_close(weldon_pool(scores, mask), generalised_pool(scores, mask))


@pytest.mark.parametrize("k", ["all", 42, 10**9])
def test_over_all_regions_is_the_average(scores, mask, k):
    torch.testing.assert_close(weldon_pool(scores, k_max=k, k_min=k), average_pool(scores))
    torch.testing.assert_close(weldon_pool(scores, mask, k_max=k, k_min=k), average_pool(scores, mask))


def test_one_region_without_negative_evidence_is_max(scores, mask):
    torch.testing.assert_close(weldon_pool(scores, mask, k_max=1, k_min=0), max_pool(scores, mask))


def test_the_half_is_there_unless_negative_evidence_is_off():
    """STYLE trap: a low term of 0 still halves the top term."""
    scores = torch.tensor([[[4.0, 0.0]]])
    assert weldon_pool(scores, k_min=1).item() == 2.0
    assert weldon_pool(scores, k_min=0).item() == 4.0


def test_share_counts_the_real_regions_of_each_image_only():
    scores = torch.arange(10.0).repeat(2, 1, 1)
    mask = torch.ones(2, 10, dtype=torch.bool)
    mask[1, 4:] = False
    pooled = weldon_pool(scores, mask, k_max=0.5, k_min=0)
    assert pooled.flatten().tolist() == [7.0, 2.5]  # 5 of 10: 5..9; 2 of 4: 2, 3


def test_negated_scores_swap_the_two_kinds_of_evidence(scores, mask):
    swapped = -weldon_pool(-scores, mask, k_max=0.3, k_min=2)
    torch.testing.assert_close(weldon_pool(scores, mask, k_max=2, k_min=0.3), swapped)


@pytest.mark.parametrize(
    "k", [0, -1, True, False, 1.0, 0.0, 1.5, -0.2, float("nan"), float("inf"), "20%", None]
)
def test_what_is_no_count_and_no_share_is_refused(scores, k):
    with pytest.raises(UsageError, match="`k_max` must be a count"):
        weldon_pool(scores, k_max=k)
    with pytest.raises(UsageError, match="`k_max` must be a count"):
        WeldonPool(k_max=k)
    if k != 0 or k is False or isinstance(k, float):
        with pytest.raises(UsageError, match="`k_min` must be a count"):
            weldon_pool(scores, k_min=k)


def test_one_point_zero_says_why():
    with pytest.raises(UsageError, match=r"got 1\.0; 1\.0 is ambiguous: write 1 for one region, 'all'"):
        WeldonPool(k_max=1.0)
