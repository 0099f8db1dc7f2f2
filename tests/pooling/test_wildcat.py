"""WILDCAT: maps per class, and alpha's convention."""

from __future__ import annotations

import pytest
import torch

from contracts.pooling import DeployedPoolingContract, PoolingContract
from reference import pooling as reference
from weldon.errors import UsageError
from weldon.pooling import WildcatPool, average_pool, max_pool, weldon_pool, wildcat_pool


class WildcatContract(PoolingContract):
    channels = 6
    maps_per_class, alpha, k_max, k_min = 2, 0.7, 0.3, 2

    @property
    def options(self):
        return {name: getattr(self, name) for name in ("maps_per_class", "alpha", "k_max", "k_min")}

    def build(self):
        return WildcatPool(**self.options)

    def function(self, scores, mask=None):
        return wildcat_pool(scores, mask, **self.options)

    def naive(self, values):
        return reference.weldon(values, self.k_max, self.k_min, self.alpha)

    def selected(self, values):
        ordered, low = sorted(values), 0 if self.k_min == 0 else reference.count(self.k_min, len(values))
        return {*ordered[len(values) - reference.count(self.k_max, len(values)) :], *ordered[:low]}


class TestWildcat(WildcatContract, DeployedPoolingContract):
    pass


class TestNoNegativeEvidence(WildcatContract):
    k_min = 0


class TestOneMap(WildcatContract):
    channels, maps_per_class = 3, 1


@pytest.fixture
def scores(generator):
    return torch.randn(3, 6, 5, 4, generator=generator, dtype=torch.float64)


def test_class_maps_are_the_mean_of_neighbouring_channels(scores):
    maps = WildcatPool(maps_per_class=3).class_maps(scores)
    assert maps.shape == (3, 2, 5, 4)
    torch.testing.assert_close(maps, reference.average_channels(scores, 3))


def test_one_map_and_alpha_one_is_weldon(scores):
    pooled = wildcat_pool(scores, maps_per_class=1, alpha=1.0, k_max=3, k_min=0.2)
    assert torch.equal(pooled, weldon_pool(scores, k_max=3, k_min=0.2))


def test_over_all_regions_is_the_average_of_the_maps(scores):
    pooled = wildcat_pool(scores, maps_per_class=2, alpha=1.0, k_max="all", k_min="all")
    torch.testing.assert_close(pooled, average_pool(scores).unflatten(1, (3, 2)).mean(2))


def test_nothing_jumps_as_alpha_goes_to_zero(scores):
    """STYLE trap: alpha = 0 and alpha = 1e-12 must not differ by a factor of two."""
    at_zero = wildcat_pool(scores, maps_per_class=2, alpha=0.0)
    torch.testing.assert_close(wildcat_pool(scores, maps_per_class=2, alpha=1e-12), at_zero)
    torch.testing.assert_close(at_zero, max_pool(reference.average_channels(scores, 2)) / 2)


def test_the_half_is_dropped_without_negative_evidence(scores):
    pooled = wildcat_pool(scores, maps_per_class=2, alpha=0.7, k_min=0)
    torch.testing.assert_close(pooled, max_pool(reference.average_channels(scores, 2)))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("maps_per_class", value) for value in (0, 2.0, True)),
        *(("alpha", value) for value in (-0.1, float("inf"), float("nan"), "1", True)),
        *(("k_max", 0), ("k_max", 1.0), ("k_min", 1.0)),
    ],
)
def test_option_out_of_range_is_refused(scores, option, value):
    with pytest.raises(UsageError, match=f"`{option}` must be"):
        wildcat_pool(scores, **{option: value})
    with pytest.raises(UsageError, match=f"`{option}` must be"):
        WildcatPool(**{option: value})


def test_channels_that_are_no_multiple_are_refused(scores):
    with pytest.raises(UsageError, match=r"maps_per_class = 4, got shape \(3, 6, 5, 4\)"):
        wildcat_pool(scores, maps_per_class=4)
