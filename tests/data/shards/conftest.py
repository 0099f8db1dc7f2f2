"""A small set of labelled photographs, and its shards."""

from __future__ import annotations

import pytest

from weldon.data.record import LabelSet, Record
from weldon.data.shards import write_shards

CLASSES = ("cat", "dog")


@pytest.fixture
def label_set(photograph) -> LabelSet:
    """Twenty images to train on and five to measure, one of unknown dogs."""
    records = []
    for number in range(25):
        name = f"deep/{number}.{'png' if number % 2 else 'jpg'}"
        unknown = frozenset({"dog"} if number == 3 else ())
        labels = frozenset({CLASSES[number % 2]}) - unknown
        split = "train" if number < 20 else "test"
        records.append(
            Record(photograph(name, size=(20, 14)), name, labels, unknown, split, weight=1 + number / 10)
        )
    return LabelSet(tuple(records), CLASSES, "table")


@pytest.fixture
def index(label_set, tmp_path):
    return write_shards(label_set, tmp_path / "shards", shard_bytes=4000)
