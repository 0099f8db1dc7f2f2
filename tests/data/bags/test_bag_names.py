"""A bag is found by its name, as written or as another program writes the same name; never by a guess."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from time import monotonic

import pytest

from weldon.data.bags.bag_names import AskedBags, BagNames, whole_number
from weldon.errors import DataError
from weldon.structured import open_bags


@pytest.mark.parametrize("name", ["7", "007", "7.0", "+7"])
def test_a_whole_number_is_one_name_however_it_is_written(name):
    assert BagNames({"7": "seven", "s7": "other"}).find(name) == "seven"
    assert BagNames({"007": "seven"}).find(name) == "seven"


def test_the_exact_name_wins_and_a_name_of_two_bags_is_none():
    names = BagNames({"7": "seven", "007": "agent"})
    assert (names.find("7"), names.find("007")) == ("seven", "agent")
    assert names.find("07") is None


def test_accents_may_be_composed_otherwise():
    written = unicodedata.normalize("NFD", "café")
    assert BagNames({"café": 1}).find(written) == 1
    assert BagNames({"café": 1, written: 2}).find(written) == 2


def test_what_is_no_whole_number_stays_as_it_is():
    assert [whole_number(name) for name in ("7.5", "a7", "", "-", "1e3")] == [None] * 5
    assert (whole_number("0"), whole_number("000"), whole_number("-07")) == ("0", "0", "-7")
    assert whole_number("0" * 10_000 + "1") == "1"


def test_thousands_of_names_that_are_not_there_take_no_minutes():
    names = BagNames({f"slide{number:06d}": number for number in range(50_000)})
    started = monotonic()
    said = [names.why_not(f"slice{number:06d}", "b.csv") for number in range(3000)]
    assert monotonic() - started < 30
    assert "correct the name" in said[0]
    assert said[-1] == "no bag 'slice002999' in b.csv"


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
    assert [asked.bags.name(asked.find(name)) for name in ("007", "8.0")] == ["7", "8"]
    assert asked.notes(LABELS)[0].startswith("2 bags are written otherwise in labels.csv")


def test_two_names_for_one_bag_are_refused(asked):
    asked.find("7")
    asked.find("007")
    with pytest.raises(
        DataError, match=r"labels\.csv has several names for one bag.*\n.*'7', '007' all name '7'"
    ):
        asked.notes(LABELS)
