"""Which reader a path leads to; what each of them does is in its own file."""

from __future__ import annotations

import json

import pytest

from weldon.data.labels import LABEL_FILES, read_labels
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
    (tmp_path / "labels.xlsx").write_text("x")
    with pytest.raises(UsageError, match=r"must end in \.csv, .*\.xml, got .*labels\.xlsx"):
        read_labels(tmp_path, tmp_path / "labels.xlsx")


@pytest.mark.parametrize("name", [name for name in LABEL_FILES if not name.endswith("parquet")])
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


def test_a_public_data_set_has_labels_of_its_own(tmp_path):
    with pytest.raises(UsageError, match=r"left out with `dataset` 'voc2007', got 'mine\.csv'"):
        read_labels(tmp_path, "mine.csv", dataset="voc2007")


def test_boxes_of_an_annotation_file_become_labels_and_stay_for_measuring(tmp_path, photograph):
    photograph("a.png")
    (tmp_path / "coco.json").write_text(json.dumps(COCO))
    (record,) = read_labels(tmp_path, tmp_path / "coco.json").records
    assert record.labels == {"cat"}
    assert [(box.x1, box.y1, box.x2, box.y2) for box in record.boxes] == [(1, 1, 5, 5)]
