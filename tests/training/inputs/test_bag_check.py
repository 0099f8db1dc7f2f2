"""What is counted in bags, each finding planted by the test."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from weldon.data import LabelSet, Record
from weldon.errors import DataError
from weldon.structured import BagSource, open_bags
from weldon.training.inputs.bag_check import check_bags

SIZES = (1, 2, 4, 8, 9)


@pytest.fixture
def bags(tmp_path: Path) -> BagSource:
    """Five bags of three features."""
    for number, size in enumerate(SIZES):
        np.save(tmp_path / f"s{number}.npy", np.ones((size, 3), np.float32))
    return open_bags(tmp_path)


def labelled(bags: BagSource, *, count: int = 5) -> LabelSet:
    """Cat is in the even bags, dog in none and unknown in the first; the last is for validation."""
    records = [
        Record(
            path,
            bags.name(path),
            frozenset({"cat"} if number % 2 == 0 else ()),
            frozenset({"dog"} if number == 0 else ()),
            "val" if number == 4 else "train",
        )
        for number, path in enumerate(bags.paths[:count])
    ]
    return LabelSet(tuple(records), ("cat", "dog"), "long", ("a note",))


def test_counts_by_hand(bags):
    report = check_bags(labelled(bags), bags)
    assert (report.bags, report.features, report.instances) == (5, 3, (1, 4, 9))
    assert report.splits == {"train": 4, "val": 1}
    assert report.positives == {"cat": 3, "dog": 0}
    assert report.unknown == {"cat": 0, "dog": 1}
    assert report.unused == ()


def test_bags_that_no_row_names_are_listed(bags):
    report = check_bags(labelled(bags, count=3), bags)
    assert report.unused == ("s3", "s4")
    assert any("2 bags of" in words and "'s3' for one" in words for words in report.warnings)


def test_classes_too_rare_to_measure_are_warned_of(bags):
    warnings = check_bags(labelled(bags), bags).warnings
    assert [words.split(":")[0] for words in warnings] == [
        "class 'cat' has 3 bags",
        "class 'dog' has 0 bags",
    ]


def test_a_bag_with_a_hole_in_it_is_named(bags, tmp_path):
    np.save(tmp_path / "s2.npy", np.array([[1.0, 1, 1], [1, np.nan, 1]], np.float32))
    with pytest.raises(DataError, match=r"s2\.npy, instance 1"):
        check_bags(labelled(bags), open_bags(tmp_path))


def test_the_report_is_text_and_json(bags):
    report = check_bags(labelled(bags), bags)
    text = report.render()
    assert text.splitlines()[0] == "a note"
    assert "5 bags of 1 to 9 instances (median 4), 3 features" in text
    assert "splits: train 4, val 1" in text
    assert "1 unknown" in text
    assert json.loads(json.dumps(report.as_dict()))["positives"] == {"cat": 3, "dog": 0}
