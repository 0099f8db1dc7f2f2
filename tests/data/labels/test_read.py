"""Which reader a path leads to; what each of them does is in its own file."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from weldon.data.labels import read_labels
from weldon.data.labels.forms import usual_names
from weldon.data.labels.huggingface import METADATA
from weldon.errors import DataError, UsageError

TABLE = "file_name,labels\na.png,cat\n"
LINES = '{"file_name": "a.png", "labels": ["cat"]}\n'
COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 12, "height": 8}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 4, 4]}],
    "categories": [{"id": 1, "name": "cat"}],
}


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("mine.csv", TABLE, "long"),
        ("mine.TSV", TABLE.replace(",", "\t"), "long"),
        ("mine.txt", TABLE, "long"),
        ("mine.jsonl", LINES, "jsonl"),
        ("mine.ndjson", LINES, "jsonl"),
        ("mine.json", json.dumps(COCO), "coco"),
    ],
)
def test_the_ending_of_the_label_file_decides(tmp_path, photograph, name, text, form):
    photograph("a.png")
    (tmp_path / name).write_text(text)
    found = read_labels(tmp_path, tmp_path / name)
    assert (found.form, found.classes) == (form, ("cat",))
    assert found.records[0].path == tmp_path / "a.png"


def test_another_ending_lists_the_choices(tmp_path):
    (tmp_path / "labels.xls").write_text("x")
    with pytest.raises(UsageError, match=r"must end in \.csv, .*\.xml, got .*labels\.xls"):
        read_labels(tmp_path, tmp_path / "labels.xls")


@pytest.mark.parametrize("name", [*usual_names(), *METADATA[:2]])
def test_a_label_file_under_a_usual_name_is_found(tmp_path, photograph, name):
    photograph("a.png")
    text = LINES if name.endswith("jsonl") else TABLE
    (tmp_path / name).write_text(text.replace(",", "\t") if name.endswith("tsv") else text)
    assert read_labels(tmp_path).classes == ("cat",)


def test_of_two_label_files_none_is_taken(tmp_path, photograph):
    photograph("a.png")
    (tmp_path / "labels.csv").write_text(TABLE)
    (tmp_path / "metadata.csv").write_text(TABLE)
    with pytest.raises(UsageError, match=r"say which file to use: .* has labels\.csv, metadata\.csv"):
        read_labels(tmp_path)


def test_a_label_file_alone_is_taken_with_its_folder(tmp_path, photograph):
    photograph("a.png")
    (tmp_path / "mine.csv").write_text(TABLE)
    assert read_labels(tmp_path / "mine.csv").records[0].path == tmp_path / "a.png"


def test_without_a_label_file_the_folders_are_the_classes(tmp_path, photograph):
    photograph("cat/a.png")
    photograph("dog/b.png")
    assert (read_labels(tmp_path).form, read_labels(tmp_path).classes) == ("folder", ("cat", "dog"))


def test_places_that_are_not_there_are_named(tmp_path):
    with pytest.raises(DataError, match=r"no folder .*nowhere: give the folder"):
        read_labels(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"no label file .*none\.csv"):
        read_labels(tmp_path, tmp_path / "none.csv")


def test_a_misspelt_label_file_names_the_one_that_is_there(tmp_path):
    (tmp_path / "labels.xlsx").touch()
    with pytest.raises(DataError, match=r"no label file .*lables\.xlsx; there is 'labels\.xlsx' beside it$"):
        read_labels(tmp_path, tmp_path / "lables.xlsx")


def test_a_public_data_set_has_labels_of_its_own(tmp_path):
    with pytest.raises(UsageError, match=r"left out with `dataset` 'voc2007', got 'mine\.csv'"):
        read_labels(tmp_path, "mine.csv", dataset="voc2007")


def test_boxes_of_an_annotation_file_become_labels_and_stay_for_measuring(tmp_path, photograph):
    photograph("a.png")
    (tmp_path / "coco.json").write_text(json.dumps(COCO))
    (record,) = read_labels(tmp_path, tmp_path / "coco.json").records
    assert record.labels == {"cat"}
    assert [(box.x1, box.y1, box.x2, box.y2) for box in record.boxes] == [(1, 1, 5, 5)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l.csv", "file_name,labels\na.png,\n"),
        ("w.csv", "file_name,cat\na.png,0\n"),
        ("m.jsonl", '{"file_name": "a.png", "labels": []}\n'),
        ("c.json", '{"images": [], "annotations": [], "categories": []}'),
    ],
)
def test_a_refusal_names_the_file_whatever_is_wrong(tmp_path, photograph, name, text):
    photograph("a.png")
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=re.escape(name)):
        read_labels(tmp_path, tmp_path / name)


def test_damaged_label_files_are_refused_by_name_or_read(tmp_path, photograph):
    """Bytes flipped, cut and repeated: a sample; ``make stress`` does thousands."""
    photograph("a.png")
    photograph("b.png")
    chance = random.Random(0)
    for name, text in (
        ("l.csv", TABLE + "b.png,dog\n"),
        ("m.jsonl", LINES + LINES.replace("a.png", "b.png")),
    ):
        whole = text.encode()
        for _ in range(150):
            at, end = chance.randrange(len(whole)), chance.randrange(len(whole))
            damage = (
                whole[:at] + bytes([chance.randrange(256)]) + whole[at + 1 :],
                whole[:at],
                whole[:at] + whole[end:],
            )
            (tmp_path / name).write_bytes(chance.choice(damage))
            said = answer(tmp_path / name)
            assert name in said or said == "read"


def answer(path: Path) -> str:
    """Return what is refused, or ``read``; any other exception is a fault."""
    try:
        found = read_labels(path.parent, path)
    except DataError as error:
        return str(error)
    return "read" if all(record.labels <= set(found.classes) for record in found.records) else "strangers"


@pytest.mark.parametrize("name", ["a\0.png", "\ud800.png", "x" * 5000], ids=["zero", "half", "long"])
def test_a_name_that_no_file_can_have_is_a_missing_file(tmp_path, name):
    content = {
        "images": [{"id": 1, "file_name": name}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1}],
        "categories": [{"id": 1, "name": "cat"}],
    }
    (tmp_path / "c.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match="no file") as caught:
        read_labels(tmp_path, tmp_path / "c.json")
    assert len(str(caught.value)) < 2000
