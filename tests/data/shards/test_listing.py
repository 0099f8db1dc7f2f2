"""Shards are read back as the records they were written from, pictures and all."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from weldon.data import load_image, read_labels
from weldon.data.file_facts import file_facts
from weldon.data.image import decoding_problem, image_size
from weldon.data.record import LabelSet, Record
from weldon.data.shards import INDEX, write_shards
from weldon.data.shards.member import member_bytes, shard_of
from weldon.data.shards.writing import LIST
from weldon.data.windows import open_windows, picture_size
from weldon.errors import DataError


def test_records_come_back_in_their_order_with_all_that_is_known(label_set, index):
    found = read_labels(index.folder)
    assert (found.classes, found.form) == (label_set.classes, "shards")
    assert [replace(record, path=None) for record in found.records] == [
        replace(record, path=None) for record in label_set.records
    ]


def test_an_open_split_and_a_group_are_kept(label_set, tmp_path):
    open_ = label_set.with_records(
        replace(r, split=None, group=f"g{n}") for n, r in enumerate(label_set.records)
    )
    found = read_labels(write_shards(open_, tmp_path / "open").folder)
    assert [(r.split, r.group) for r in found.records] == [(None, f"g{n}") for n in range(25)]


def test_pictures_are_those_of_the_files(label_set, index):
    for record, source in zip(read_labels(index.folder).records, label_set.records, strict=True):
        assert member_bytes(record.path) == source.path.read_bytes()
        assert load_image(record.path).tobytes() == load_image(source.path).tobytes()
        assert image_size(record.path) == image_size(source.path)
        assert file_facts(record.path) == file_facts(source.path)
        assert shard_of(record.path).name in index.splits[record.split][1]


def test_a_tiff_inside_a_shard_is_read_as_the_file(photograph, tmp_path):
    path = photograph("large.tif", size=(40, 30))
    one = LabelSet((Record(path, "large.tif", frozenset({"cat"})),), ("cat",), "table")
    (inside,) = read_labels(write_shards(one, tmp_path / "shards").folder).records
    assert picture_size(inside.path) == picture_size(path) == (40, 30)
    with open_windows(inside.path) as picture:
        assert picture.size == (40, 30)


def test_a_slide_inside_a_shard_is_refused_with_the_reason(tmp_path):
    (tmp_path / "a.svs").write_bytes(b"slide")
    one = LabelSet((Record(tmp_path / "a.svs", "a.svs", frozenset({"cat"})),), ("cat",), "table")
    (inside,) = read_labels(write_shards(one, tmp_path / "shards").folder).records
    with pytest.raises(DataError, match="from files on a disk, not from shards"):
        picture_size(inside.path)


def test_a_file_of_such_a_name_is_a_file(photograph):
    path = photograph("x.tar/512-90.png", size=(9, 9))
    assert (member_bytes(path), shard_of(path)) == (None, None)
    assert load_image(path).size == (9, 9)


def test_a_shard_that_is_cut_off_is_named(index):
    record = read_labels(index.folder).records[0]
    shard = record.path.parent
    shard.write_bytes(shard.read_bytes()[:600])
    assert "ends before it" in decoding_problem(record.path)
    with pytest.raises(DataError, match=r"600 bytes, it was written with"):
        read_labels(index.folder)


def test_classes_of_a_trained_model_keep_their_order(index):
    assert read_labels(index.folder, classes=["dog", "cat"]).classes == ("dog", "cat")
    with pytest.raises(DataError, match="none of the classes cat: dog"):
        read_labels(index.folder, classes=["cat"])


def damaged_list(index, change):
    file = index.folder + "/" + LIST
    with open(file) as stream:
        lines = [json.loads(line) for line in stream]
    change(lines)
    with open(file, "w") as stream:
        stream.writelines(json.dumps(line) + "\n" for line in lines)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: lines[1].pop("offset"), "row 2: KeyError"),
        (lambda lines: lines[2].update(shard="../../etc/passwd"), "row 3: .*no such shard"),
        (lambda lines: lines[2].update(split="tset"), "row 3: .*no such shard or split"),
        (lambda lines: lines[2].update(shard=["train-000000.tar"]), "row 3: TypeError"),
        (lambda lines: lines[0].update(offset=float("inf")), "row 1: OverflowError"),
        (lambda lines: lines[0].update(weight=float("nan")), "row 1: .*weight must be a number"),
        (lambda lines: lines.insert(0, [1]), "row 1: TypeError"),
        (lambda lines: lines.pop(), "lists 24 images"),
        (lambda lines: lines[0].update(labels=["cow"]), "none of the classes cat, dog: cow"),
    ],
)
def test_a_damaged_list_is_named_with_its_rows(index, change, words):
    damaged_list(index, change)
    with pytest.raises(DataError, match=words):
        read_labels(index.folder)


def test_shards_of_older_versions_say_what_to_do(index, tmp_path):
    (tmp_path / "shards" / LIST).unlink()
    with pytest.raises(DataError, match="write them anew"):
        read_labels(tmp_path / "shards")
    assert (tmp_path / "shards" / INDEX).is_file()
