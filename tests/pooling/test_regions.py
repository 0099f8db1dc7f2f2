"""Counts and shares, flattening."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reference.pooling import count
from weldon.errors import UsageError
from weldon.pooling import check_count, flatten_regions, parse_count, resolve_count

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


@pytest.mark.parametrize(
    ("text", "k"),
    [
        *(("20", 20), (" 1 ", 1), ("0", 0), ("0%", 0), ("0.0", 0), ("20%", 0.2), ("0.2", 0.2), (".5", 0.5)),
        *(("7.5%", 0.075), ("1%", 0.01), ("1e-2", 0.01), ("100%", "all"), ("all", "all"), ("ALL", "all")),
    ],
)
def test_written_count_is_read(text, k):
    assert parse_count(text) == k
    assert type(parse_count(text)) is type(k)


@pytest.mark.parametrize(
    "text", ["", "x", "-3", "-20%", "150%", "1.0", "1.00", "2.5", "nan", "inf", "20 %%", "1e3"]
)
def test_text_that_is_no_count_is_refused(text):
    with pytest.raises(UsageError, match=r"must be a count \('20'\), a share"):
        parse_count(text)


def test_one_point_zero_is_called_ambiguous():
    with pytest.raises(UsageError, match="write 1 for one region, 'all' for every region"):
        parse_count("1.0")


@pytest.mark.parametrize("k", [1, 20, 0.2, 0.999, "all"])
def test_checked_count_is_returned_as_it_was(k):
    assert check_count(k, "k_max") == k


def test_zero_is_a_count_only_where_none_is_allowed():
    assert check_count(0, "k_min", least=0) == 0
    with pytest.raises(UsageError, match=r"`k_max` must be a count \(int, at least 1\).*got 0$"):
        check_count(0, "k_max")


def test_regions_run_row_by_row():
    maps = torch.arange(12.0).reshape(1, 2, 2, 3)
    regions, real = flatten_regions(maps, torch.tensor([[[True, False, True], [False, False, True]]]))
    assert regions[0, 1].tolist() == [6, 7, 8, 9, 10, 11]
    assert real.tolist() == [[True, False, True, False, False, True]]


def test_every_empty_image_is_named():
    mask = torch.tensor([[True], [False], [True], [False]])
    with pytest.raises(UsageError, match="got none for image 1, 3 of the batch"):
        flatten_regions(torch.zeros(4, 2, 1), mask)
