"""Folders as Hugging Face lays them out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weldon.data.labels import read_labels
from weldon.data.record import LabelSet
from weldon.errors import DataError, UsageError


@pytest.fixture
def folder(tmp_path: Path, photograph) -> Path:
    """With ``0.png`` and ``1.png`` in each of train, validation and test."""
    for split in ("train", "validation", "test"):
        for number in "01":
            photograph(f"{split}/{number}.png")
    return tmp_path


def rows(*labels: str, before: str = "") -> list[dict[str, str]]:
    return [{"file_name": f"{before}{number}.png", "label": label} for number, label in enumerate(labels)]


def write(path: Path, entries: list[dict[str, str]]) -> None:
    if path.suffix == ".csv":
        path.write_text("file_name,label\n" + "".join(f"{e['file_name']},{e['label']}\n" for e in entries))
    else:
        path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))


def divided(found: LabelSet) -> set[tuple[str, str | None, str]]:
    return {(record.file_name, record.split, *record.labels) for record in found.records}


WHOLE = {
    (f"{name}/{number}.png", split, label)
    for name, split in (("train", "train"), ("validation", "val"), ("test", "test"))
    for number, label in enumerate(("cat", "dog"))
}


@pytest.mark.parametrize("name", ["metadata.jsonl", "metadata.csv"])
def test_a_metadata_file_a_split_gives_labels_and_its_folder_the_split(folder, name):
    for split in ("train", "validation", "test"):
        write(folder / split / name, rows("cat", "dog"))
    found = read_labels(folder)
    assert found.classes == ("cat", "dog")
    assert divided(found) == WHOLE
    assert all(record.path.is_file() for record in found.records)


@pytest.mark.parametrize("name", ["metadata.jsonl", "metadata.csv"])
def test_one_metadata_file_above_gives_the_same(folder, name):
    splits = ("train", "validation", "test")
    write(folder / name, [entry for split in splits for entry in rows("cat", "dog", before=f"{split}/")])
    assert divided(read_labels(folder)) == WHOLE


def test_a_metadata_file_may_lie_deeper(folder, photograph):
    for split in ("train", "test"):
        photograph(f"data/{split}/2.png")
        write(folder / "data" / split / "metadata.jsonl", [{"file_name": "2.png", "label": "cat"}])
    assert {record.split for record in read_labels(folder / "data").records} == {"train", "test"}
    assert {record.file_name for record in read_labels(folder).records} == {
        "data/train/2.png",
        "data/test/2.png",
    }


def test_problems_name_the_file_with_its_folder(folder):
    write(folder / "train" / "metadata.jsonl", rows("cat", "dog"))
    write(folder / "test" / "metadata.jsonl", [*rows("cat"), {"file_name": "9.png", "label": "cat"}])
    with pytest.raises(DataError, match=r"test/metadata\.jsonl line 2: no file '9\.png'"):
        read_labels(folder)
    (folder / "test" / "metadata.jsonl").write_text("{")
    with pytest.raises(DataError, match=r"test/metadata\.jsonl line 1 is no JSON"):
        read_labels(folder)


def test_two_kinds_in_one_folder_ask_which(folder):
    write(folder / "train" / "metadata.jsonl", rows("cat", "dog"))
    write(folder / "train" / "metadata.csv", rows("cat", "dog"))
    with pytest.raises(UsageError, match=r"metadata\.jsonl, metadata\.csv"):
        read_labels(folder)


def test_notes_of_a_camera_among_class_folders_are_no_labels(tmp_path, photograph):
    for name in ("train/cat/1.png", "train/dog/1.png"):
        photograph(name)
    (tmp_path / "train" / "metadata.csv").write_text("file_name,exposure\ncat/1.png,3\n")
    found = read_labels(tmp_path)
    assert (found.form, found.classes) == ("folder", ("cat", "dog"))
    assert any("train/metadata.csv" in note for note in found.notes)


def test_classes_in_columns_must_be_the_same(folder):
    (folder / "train" / "metadata.csv").write_text("file_name,cat,dog\n0.png,1,0\n1.png,0,1\n")
    (folder / "test" / "metadata.csv").write_text("file_name,cat,dog\n0.png,1,\n")
    found = read_labels(folder)
    assert found.classes == ("cat", "dog")
    assert found.records[0].unknown == {"dog"}
    (folder / "test" / "metadata.csv").write_text("file_name,cat,hen\n0.png,1,0\n")
    with pytest.raises(DataError, match="same columns of classes"):
        read_labels(folder)


def test_folders_of_splits_without_labels_are_not_taken_for_classes(folder):
    with pytest.raises(DataError, match=r"test, train, validation are called after splits"):
        read_labels(folder)
