"""Sets of records divide by split, and splits go by several names."""

from __future__ import annotations

from pathlib import Path

import pytest

from weldon.data.record import SPLITS, LabelSet, Record, split_name


def record(name: str, split: str | None) -> Record:
    return Record(Path(name), name, frozenset(), split=split)


RECORDS = (record("a", "train"), record("b", None), record("c", "val"), record("d", "train"))


def test_a_split_is_taken_in_order_and_an_open_one_is_a_split_too():
    found = LabelSet(RECORDS, ("x",), "long")
    assert [one.file_name for one in found.of_split("train")] == ["a", "d"]
    assert [one.file_name for one in found.of_split(None)] == ["b"]
    assert found.of_split("test") == ()


def test_other_records_keep_classes_form_and_notes():
    found = LabelSet(RECORDS, ("x", "y"), "wide", ("a note",)).with_records(iter(RECORDS[:1]))
    assert found == LabelSet(RECORDS[:1], ("x", "y"), "wide", ("a note",))


@pytest.mark.parametrize(
    "spelling", ["train", "TRAIN", " Training ", "val", "valid", "Validation", "testing"]
)
def test_every_spelling_is_one_of_three_splits(spelling):
    assert split_name(spelling) in SPLITS
    assert split_name(spelling)[:2] == spelling.strip().lower()[:2]


@pytest.mark.parametrize("spelling", ["", "trainval", "dev", "0", "fold 1"])
def test_what_could_mean_another_split_means_none(spelling):
    assert split_name(spelling) is None
