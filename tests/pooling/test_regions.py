"""Counts of the regions that there are, and flattening."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reference.pooling import count
from weldon.errors import UsageError
from weldon.pooling import flatten_regions, resolve_count
from weldon.pooling.regions import weighted_places

PERCENT = st.integers(1, 99).map(lambda percent: percent / 100)


@given(share=PERCENT, regions=st.integers(1, 3000))
def test_share_rounds_half_up_and_never_to_zero(share, regions):
    exact = Fraction(str(share)) * regions
    assert resolve_count(share, regions) == max(1, int(exact + Fraction(1, 2)))
    assert resolve_count(share, regions) == count(share, regions)


@given(k=st.one_of(st.floats(0, 1, exclude_min=True, exclude_max=True), st.integers(1, 60), st.just("all")))
def test_tensor_of_numbers_gives_what_each_gives_alone(k):
    numbers = torch.arange(1, 60)
    assert resolve_count(k, numbers).tolist() == [resolve_count(k, number) for number in numbers.tolist()]


@given(k=st.one_of(st.floats(0, 1, exclude_min=True, exclude_max=True), st.integers(1, 60), st.just("all")))
def test_count_stays_between_one_and_all_and_grows_with_the_regions(k):
    counts = [resolve_count(k, regions) for regions in range(1, 60)]
    assert all(1 <= count <= regions for regions, count in enumerate(counts, start=1))
    assert counts == sorted(counts)


def test_regions_run_row_by_row():
    maps = torch.arange(12.0).reshape(1, 2, 2, 3)
    regions, real = flatten_regions(maps, torch.tensor([[[True, False, True], [False, False, True]]]))
    assert regions[0, 1].tolist() == [6, 7, 8, 9, 10, 11]
    assert real.tolist() == [[True, False, True, False, False, True]]


def test_every_empty_image_is_named():
    mask = torch.tensor([[True], [False], [True], [False]])
    with pytest.raises(UsageError, match="got none for image 1, 3 of the batch"):
        flatten_regions(torch.zeros(4, 2, 1), mask)


@pytest.mark.parametrize(("highest_first", "wanted"), [(True, [(1, 0), (0, 1)]), (False, [(0, 1), (1, 0)])])
def test_places_with_a_weight_come_strongest_first(highest_first, wanted):
    scores = torch.tensor([[9.0, -1.0], [4.0, 5.0]])
    weights = torch.tensor([[0.0, 0.5], [0.25, 0.0]])
    assert weighted_places(scores, weights, highest_first=highest_first) == wanted


def test_of_equal_regions_the_first_comes_first_on_both_sides():
    equal, weights = torch.zeros(3), torch.ones(3)
    for highest_first in (True, False):
        assert weighted_places(equal, weights, highest_first=highest_first) == [(0,), (1,), (2,)]
