"""The verb writes what was asked for, names what it skipped, and refuses before it writes."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

from cli.shell import run
from weldon.errors import UsageError
from weldon.inference import load


def test_predictions_are_those_of_the_library(make_run, photos, tmp_path, capsys):
    folder = make_run()
    code, said = run(capsys, "predict", folder, photos, "--out", tmp_path / "out", "--json")
    assert code == 0, said.err
    assert json.loads(said.out) == {"out": str(tmp_path / "out"), "images": 7, "skipped": [], "formats": []}
    with (tmp_path / "out" / "predictions.jsonl").open(encoding="utf-8") as file:
        rows = {row["file_name"]: row for row in map(json.loads, file)}
    assert sorted(rows) == [*(f"deep/p{n}.png" for n in (5, 6)), *(f"p{n}.png" for n in range(5))]
    expected = load(folder).predict_one(photos / "p3.png")
    assert rows["p3.png"]["labels"] == list(expected.labels)
    assert "cat" in expected.labels
    assert "dog" not in expected.labels
    assert rows["p3.png"]["scores"] == pytest.approx(expected.scores, abs=1e-4)


def test_a_wide_table_has_a_row_an_image_and_a_column_a_class(make_run, photos, tmp_path, capsys):
    code, said = run(capsys, "predict", make_run(), photos, "--out", tmp_path / "out", "--wide")
    assert code == 0, said.err
    assert f"7 of 7 images, 0 skipped, in {tmp_path / 'out'}" in said.err
    with (tmp_path / "out" / "predictions.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 7
    assert {"cat", "dog", "rolled-in/scale"} <= {name for name in table[0] if name}


def test_boxes_go_to_the_annotation_tool_for_predicted_classes_only(make_run, photos, tmp_path, capsys):
    out = ("--out", tmp_path / "out", "--json")
    code, said = run(capsys, "predict", make_run(), photos, "--to", "coco", *out)
    assert code == 0, said.err
    assert json.loads(said.out)["formats"] == ["coco"]
    coco = json.loads((tmp_path / "out" / "coco.json").read_text(encoding="utf-8"))
    names = {category["id"]: category["name"] for category in coco["categories"]}
    assert {names[a["category_id"]] for a in coco["annotations"]} == {"cat", "rolled-in/scale"}
    sizes = {image["id"]: (image["width"], image["height"]) for image in coco["images"]}
    for annotation in coco["annotations"]:
        x, y, width, height = annotation["bbox"]
        assert 0 <= x < x + width <= sizes[annotation["image_id"]][0]
        assert 0 <= y < y + height <= sizes[annotation["image_id"]][1]
    assert {a["image_id"] for a in coco["annotations"]} == set(sizes)


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_predicted(make_run, photos, tmp_path, capsys):
    (photos / "p1.png").write_bytes(b"no picture")
    code, said = run(capsys, "predict", make_run(), photos, "--out", tmp_path / "out", "--json")
    assert code == 0, said.err
    found = json.loads(said.out)
    assert (found["images"], found["skipped"]) == (6, ["p1.png"])
    assert "skipped p1.png: " in said.err
    assert "6 of 7 images, 1 skipped, in " in said.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--box-threshold", "1.5"), "box_threshold: Input should be less than 1, got 1.5"),
        (("--batch-size", "0"), "batch_size: must be auto or a whole number from 1 to 65536, got '0'"),
        (("--to", "coco,word"), "to: must be among coco, "),
        (("--device", "tpu9"), "'tpu9'"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused_before_anything_is_written(
    make_run, photos, tmp_path, capsys, options, words
):
    code, said = run(capsys, "predict", make_run(), photos, "--out", tmp_path / "out", *options)
    assert (code, words in said.err) == (2, True), said.err
    assert not (tmp_path / "out").exists()


def test_a_folder_with_files_is_written_into_only_when_told_to(make_run, photos, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    command = ("predict", make_run(), photos / "p0.png", "--out", tmp_path / "out")
    code, said = run(capsys, *command)
    assert (code, str(tmp_path / "out") in said.err) == (2, True)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]
    assert run(capsys, *command, "--overwrite")[0] == 0
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"


def test_each_prediction_without_a_folder_gets_its_own(make_run, photos, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = make_run()
    for _ in range(2):
        code, said = run(capsys, "predict", folder, photos / "p0.png")
        assert code == 0, said.err
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["predict", "predict2"]


def written(folder) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("stop", [UsageError("compile failed here"), KeyboardInterrupt()])
@pytest.mark.parametrize("options", [(), ("--out", "a/b"), ("--out", "a/b", "--masks")])
def test_what_fails_before_its_first_answer_leaves_nothing(
    make_run, photos, tmp_path, capsys, monkeypatch, stop, options
):
    folder = make_run()
    monkeypatch.chdir(tmp_path)

    def fail(*arguments, **how):
        raise stop

    monkeypatch.setattr("weldon.inference.predict.forward_with_weights", fail)
    before = sorted(tmp_path.rglob("*"))
    code, _ = run(capsys, "predict", folder, photos, *options)
    assert code != 0
    assert sorted(tmp_path.rglob("*")) == before
    if options:  # a folder that was there stays
        (tmp_path / "a" / "b").mkdir(parents=True)
        run(capsys, "predict", folder, photos, *options)
        assert sorted(path.name for path in (tmp_path / "a").rglob("*")) == ["b"]


def test_every_flag_adds_its_files(make_run, photos, tmp_path, capsys):
    flags = ("--masks", "--heatmaps", "--wide", "--to", "coco, voc", "--points", "-b", "3")
    status, said = run(capsys, "predict", make_run(), photos / "p0.png", *flags, "--out", tmp_path / "out")
    assert status == 0, said.err
    assert written(tmp_path / "out") == {
        *("predictions.csv", "predictions.jsonl", "coco.json", "voc/p0.xml"),
        *(
            "heatmaps/p0.npz",
            "heatmaps/p0.cat.png",
            "heatmaps/p0.rolled-in_scale.png",
            "masks/p0.png",
            "masks/legend.csv",
        ),
    }
    with (tmp_path / "out" / "predictions.csv").open(newline="") as table:
        (row,) = csv.DictReader(table)
    assert (row["file_name"], set(row["labels"].split("|"))) == ("p0.png", {"cat", "rolled-in/scale"})


def test_pictures_of_two_folders_have_addresses_below_one_root(make_run, photos, tmp_path, capsys):
    other = tmp_path / "elsewhere" / "more"
    other.mkdir(parents=True)
    (photos / "p1.png").rename(other / "q.png")
    out = tmp_path / "out"
    code, said = run(capsys, "predict", make_run(), photos, other, "--to", "labelstudio", "--out", out)
    assert code == 0, said.err
    tasks = json.loads((out / "labelstudio" / "tasks.json").read_text(encoding="utf-8"))
    found = [task["data"]["image"].removeprefix("/data/local-files/?d=") for task in tasks]
    root = Path(os.path.commonpath([photos.parent, other.parent]))
    assert sorted(root / one for one in found) == sorted([*photos.rglob("*.png"), other / "q.png"])
    assert f"DOCUMENT_ROOT={root}\n" in said.err
    assert all(f"{folder}" in said.err for folder in (photos, other))
    assert "are Local files storages" in said.err
