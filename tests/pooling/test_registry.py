"""Poolings by name."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from weldon.errors import UsageError
from weldon.pooling import POOLINGS, MaxPool, RegionPool, build_pooling


@pytest.mark.parametrize("name", POOLINGS)
def test_every_name_pools_with_its_defaults(name, generator):
    pool = build_pooling(name)
    scores = torch.randn(2, 3 * pool.maps_per_class, 5, 4, generator=generator)
    mask = torch.ones(2, 5, 4, dtype=torch.bool)
    assert isinstance(pool, RegionPool)
    assert pool(scores, mask).shape == (2, 3)
    assert pool.class_maps(scores).shape == (2, 3, 5, 4)
    assert [weights.shape for weights in pool.region_weights(scores, mask)] == [(2, 3, 20)] * 2


def test_names_are_the_promised_ones():
    promised = ("max", "avg", "lse", "hcrf", "mssvm", "generalised", "gwrp", "mantra", "weldon", "wildcat")
    assert tuple(POOLINGS) == promised


def test_options_reach_the_pooling():
    pool = build_pooling("weldon", k_max=0.2, k_min=0)
    assert (pool.k_max, pool.k_min) == (0.2, 0)


def test_module_passes_through():
    pool = MaxPool()
    assert build_pooling(pool) is pool
    with pytest.raises(UsageError, match="`pool` is a MaxPool already built: it takes no k_max"):
        build_pooling(pool, k_max=2)


def test_unknown_name_lists_the_choices():
    with pytest.raises(UsageError, match=r"`pool` must be one of max, avg, .*wildcat or .*, got 'maxx'"):
        build_pooling("maxx")


def test_unknown_option_lists_the_choices():
    with pytest.raises(UsageError, match="pooling 'weldon' has the options k_max, k_min, got beta"):
        build_pooling("weldon", beta=2)
    with pytest.raises(UsageError, match="pooling 'mantra' has no options, got k_max"):
        build_pooling("mantra", k_max=2)


@pytest.mark.parametrize("name", POOLINGS)
def test_pooling_has_no_parameters(name):
    assert isinstance(build_pooling(name), nn.Module)
    assert not build_pooling(name).state_dict()
