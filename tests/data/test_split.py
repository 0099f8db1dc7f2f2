"""Validation parts: stratified, grouped, repeatable, written down."""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from weldon.data.record import LabelSet, Record
from weldon.data.split import (
    apply_splits,
    assign_splits,
    draw_folds,
    join_validation,
    read_numbered_splits,
    read_splits,
    straddling_groups,
    write_splits,
)
from weldon.errors import DataError, UsageError

SHARES = {"common": 0.6, "rare": 0.05, "middling": 0.3}


def many(count: int = 400, *, per_group: int | None = None) -> LabelSet:
    """Records with independent labels; groups of ``per_group`` images."""
    chance = random.Random(0)
    records = tuple(
        Record(
            Path(f"{number:04}.jpg"),
            f"{number:04}.jpg",
            frozenset(name for name, share in SHARES.items() if chance.random() < share),
            group=str(number // per_group) if per_group else None,
        )
        for number in range(count)
    )
    return LabelSet(records, tuple(SHARES), "long")


def positives(records, split: str) -> Counter:
    return Counter(name for record in records if record.split == split for name in record.labels)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_every_class_keeps_its_share(share, seed):
    labels = many()
    drawn = assign_splits(labels, val=share, seed=seed)
    held = positives(drawn, "val")
    for name, total in Counter(name for record in drawn for name in record.labels).items():
        assert abs(held[name] - share * total) <= 1.01 + 0.01 * total, name
    assert abs(sum(record.split == "val" for record in drawn) - share * 400) <= 8


def test_groups_are_never_divided():
    drawn = assign_splits(many(per_group=7), val=0.25, seed=1)
    assert straddling_groups(drawn) == {}
    assert 60 <= sum(record.split == "val" for record in drawn) <= 140


@pytest.mark.parametrize("seed", range(3))
def test_equal_files_are_never_divided(tmp_path, seed):
    for number in range(40):  # ten photographs, four times each
        (tmp_path / f"{number:02}.jpg").write_bytes(bytes([number % 10]))
    labels = LabelSet(
        tuple(
            Record(path, path.name, frozenset({"cat" if number % 3 else "dog"}))
            for number, path in enumerate(sorted(tmp_path.iterdir()))
        ),
        ("cat", "dog"),
        "long",
    )
    splits = defaultdict(set)
    for record in assign_splits(labels, seed=seed):
        splits[record.path.read_bytes()].add(record.split)
    assert sorted(splits) == [bytes([number]) for number in range(10)]
    assert {name for names in splits.values() for name in names} == {"train", "val"}
    assert all(len(names) == 1 for names in splits.values())
    folds = draw_folds(labels.records, 5, seed=seed)
    assert all(
        len({labels.records[index].path.read_bytes() for index in fold}) * 4 == len(fold) for fold in folds
    )


def test_pipes_are_not_waited_for(tmp_path):
    for number in range(4):
        os.mkfifo(tmp_path / f"{number}.jpg")
    records = tuple(Record(path, path.name, frozenset({"cat"})) for path in tmp_path.iterdir())
    assert {record.split for record in assign_splits(LabelSet(records, ("cat",), "long"))} == {"train", "val"}


def test_where_all_files_are_equal_they_are_divided(tmp_path):
    for number in range(8):
        (tmp_path / f"{number}.jpg").write_bytes(b"the same")
    records = tuple(Record(path, path.name, frozenset({"cat"})) for path in tmp_path.iterdir())
    assert {record.split for record in assign_splits(LabelSet(records, ("cat",), "long"))} == {"train", "val"}


def test_seed_decides_and_the_order_of_rows_does_not():
    labels = many()
    one = {record.file_name: record.split for record in assign_splits(labels, seed=3)}
    backwards = labels.with_records(reversed(labels.records))
    assert {record.file_name: record.split for record in assign_splits(backwards, seed=3)} == one
    assert {record.file_name: record.split for record in assign_splits(labels, seed=4)} != one


def test_a_single_positive_goes_to_training():
    records = [Record(Path(str(n)), str(n), frozenset({"odd"} if n == 0 else {"even"})) for n in range(10)]
    for seed in range(5):
        drawn = assign_splits(LabelSet(tuple(records), ("even", "odd"), "long"), val=0.5, seed=seed)
        assert positives(drawn, "train")["odd"] == 1


def test_three_positives_reach_both_sides():
    records = [Record(Path(str(n)), str(n), frozenset({"odd"} if n < 3 else {"even"})) for n in range(60)]
    drawn = assign_splits(LabelSet(tuple(records), ("even", "odd"), "long"), val=0.2)
    assert positives(drawn, "val")["odd"] == 1


def test_test_images_stay_and_an_own_validation_part_counts():
    records = list(many(20).records)
    records[0] = replace(records[0], split="test")
    drawn = assign_splits(LabelSet(tuple(records), tuple(SHARES), "long"), val=0.3)
    assert drawn[0].split == "test"
    assert all(record.split in ("train", "val") for record in drawn[1:])
    own = LabelSet(drawn, tuple(SHARES), "long")
    assert assign_splits(own) == drawn
    with pytest.raises(UsageError, match="already says which"):
        assign_splits(own, val=0.2)


@pytest.mark.parametrize("share", [0, 1, 1.0, -0.1, 3])
def test_a_share_outside_zero_and_one_is_refused(share):
    with pytest.raises(UsageError, match="`val` must be a share"):
        assign_splits(many(), val=share)


def test_one_group_cannot_be_divided():
    with pytest.raises(DataError, match="different groups, got 1"):
        assign_splits(many(5, per_group=5))


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_neither_side_is_ever_empty(share):
    drawn = assign_splits(many(6), val=share)
    assert {record.split for record in drawn} == {"train", "val"}


def test_splits_survive_a_file(tmp_path):
    labels = many(30, per_group=3)
    drawn = assign_splits(labels)
    write_splits(tmp_path / "splits.csv", drawn)
    assert (tmp_path / "splits.csv").read_text().startswith("file_name,split,group,labels,weight\n0000.jpg,")
    assert apply_splits(labels, read_splits(tmp_path / "splits.csv")) == drawn
    more = labels.with_records((*labels.records, Record(Path("new"), "new.jpg", frozenset())))
    with pytest.raises(DataError, match=r"new\.jpg is not in it"):
        apply_splits(more, read_splits(tmp_path / "splits.csv"))


def test_validation_data_of_its_own_joins_and_must_differ():
    training = many(10)
    other = LabelSet((Record(Path("v.jpg"), "v.jpg", frozenset({"rare"})),), tuple(SHARES), "long")
    joined = join_validation(training, other)
    assert [record.split for record in joined.records] == ["train"] * 10 + ["val"]
    with pytest.raises(DataError, match=r"0003\.jpg is in both"):
        join_validation(training, training.with_records(training.records[3:4]))
    with pytest.raises(DataError, match="two validation sets"):
        join_validation(joined, other)


def test_a_group_in_two_splits_is_found():
    records = [Record(Path(s), s, frozenset(), split=s, group="p1") for s in ("train", "val")]
    assert straddling_groups(records) == {"p1": ("train", "val")}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"name,part\na.png,val\n", "must hold the columns file_name, split, group"),
        (b"file_name,split,group\na.png,v\xffl,\n", "row 2 is not UTF-8"),
        (b"file_name,split,group\na.png,va,\n", "row 2: split 'va'"),
        (b"file_name,split,group\na.png,va", "row 2 must have 3 cells"),
    ],
)
def test_a_damaged_file_of_splits_is_named_with_its_row(tmp_path, content, words):
    (tmp_path / "splits.csv").write_bytes(content)
    with pytest.raises(DataError, match=rf"(?s)splits\.csv.*{words}"):
        read_splits(tmp_path / "splits.csv")


PARTS = ((slice(0, 9), "a"), (slice(9, 20), "b"))


def test_what_was_said_of_the_validation_data_is_kept():
    one, other = (replace(many(), records=many().records[part], notes=(note,)) for part, note in PARTS)
    assert join_validation(one, other).notes == ("a", "validation: b")


def test_files_of_one_name_are_told_apart_or_refused(tmp_path):
    """A folder to train on and one to validate on: of two splits, one name has neither."""
    (tmp_path / "splits.csv").write_text("file_name,split,group\ncat/0.png,train,\ncat/0.png,val,\n")
    with pytest.raises(DataError, match=r"two files 'cat/0\.png', in different splits"):
        read_splits(tmp_path / "splits.csv")
    found = read_numbered_splits(tmp_path / "splits.csv")
    assert found == {("cat/0.png", 0): "train", ("cat/0.png", 1): "val"}


def test_folds_hold_every_image_once_and_groups_together():
    records = [
        Record(
            Path(f"{n}.jpg"),
            f"{n}.jpg",
            frozenset({"rare"} if n % 10 == 0 else {"common"}),
            group=f"g{n // 2}",
        )
        for n in range(100)
    ]
    folds = draw_folds(records, 5, seed=1)
    assert sorted(index for fold in folds for index in fold) == list(range(100))
    assert all({index ^ 1 for index in fold} == set(fold) for fold in folds)  # 2k and 2k + 1 are a group
    assert [sum("rare" in records[index].labels for index in fold) for fold in folds] == [2] * 5
    assert folds == draw_folds(records, 5, seed=1) != draw_folds(records, 5, seed=2)


def test_fewer_groups_than_folds_are_refused():
    records = [Record(Path(f"{n}.jpg"), f"{n}.jpg", frozenset({"cat"}), group="one") for n in range(9)]
    with pytest.raises(DataError, match="5 folds need as many images of different groups, got 1"):
        draw_folds(records, 5)
