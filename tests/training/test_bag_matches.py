"""Names in labels that are written otherwise are counted and said; two names for one bag are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from weldon.errors import DataError
from weldon.structured import open_bags
from weldon.training.bag_matches import AskedBags

LABELS = Path("labels.csv")


@pytest.fixture
def asked(tmp_path):
    (tmp_path / "b.csv").write_text("bag,u\n7,1\n8,2\ns9,4\n", encoding="utf-8")
    return AskedBags(open_bags(tmp_path / "b.csv"))


def test_equal_names_need_no_words(asked):
    assert [asked.find(name) is None for name in ("7", "s9", "s10")] == [False, False, True]
    assert asked.notes(LABELS) == ()
    assert "no bag 's10'" in asked.why_not("s10")


def test_names_that_are_written_otherwise_are_counted(asked):
    assert asked.find("007") is not None
    assert asked.find("8.0") is not None
    assert asked.notes(LABELS)[0].startswith("2 bags are written otherwise in labels.csv")


def test_two_names_for_one_bag_are_refused(asked):
    asked.find("7")
    asked.find("007")
    with pytest.raises(
        DataError, match=r"labels\.csv has several names for one bag.*\n.*'7', '007' all name '7'"
    ):
        asked.notes(LABELS)
