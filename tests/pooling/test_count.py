"""Counts and shares as they are written."""

from __future__ import annotations

import pytest

from weldon.errors import UsageError
from weldon.pooling import check_count, parse_count


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
