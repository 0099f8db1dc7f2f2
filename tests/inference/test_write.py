"""The folder of predictions holds what the results say, and never what was there before."""

from __future__ import annotations

import csv
import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fixtures.bag_results import bag_result
from weldon.errors import DataError, UsageError
from weldon.inference import PredictionWriter, Predictor, read_heatmap
from weldon.inference.output import BAG_TABLES, box_confidence

COLUMNS = ["file_name", "class", "score", "probability", "predicted", "x", "y", "point_score"]


@pytest.fixture
def results(predictor: Predictor, photos: Path):
    return list(predictor.predict(photos))


def write_all(out: Path, results, **options) -> Path:
    with PredictionWriter(out, results[0].classes, **options) as writer:
        for result in results:
            writer.add(result)
    return out


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_table_has_a_row_for_each_image_and_class(tmp_path: Path, results):
    rows = read_csv(write_all(tmp_path / "out", results) / "predictions.csv")
    assert list(rows[0]) == COLUMNS
    assert len(rows) == 7 * 3
    first, row = results[0], rows[0]
    assert row["class"] == "cat"
    assert float(row["score"]) == pytest.approx(first.scores["cat"], abs=1e-6)
    assert float(row["probability"]) == pytest.approx(first.probabilities["cat"], abs=1e-6)
    assert row["predicted"] == "1"
    point = first.point("cat")
    assert [float(row[name]) for name in ("x", "y")] == pytest.approx([point.x, point.y], abs=0.06)


def test_the_wide_table_has_a_row_for_each_image(tmp_path: Path, results):
    rows = read_csv(write_all(tmp_path / "out", results, wide=True) / "predictions.csv")
    assert list(rows[0]) == ["file_name", "labels", "cat", "dog", "rolled-in/scale"]
    assert [row["file_name"] for row in rows] == [result.file_name for result in results]
    assert rows[0]["labels"].split("|") == results[0].labels


def test_records_add_up_to_the_scores(tmp_path: Path, results):
    out = write_all(tmp_path / "out", results)
    records = [
        json.loads(line) for line in (out / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert len(records) == 7
    for record, result in zip(records, results, strict=True):
        assert (record["width"], record["height"]) == (result.width, result.height)
        for name in result.shown:
            evidence = record["evidence"][name]
            parts = [region["weight"] * region["score"] for region in evidence["top"] + evidence["low"]]
            assert sum(parts) + evidence["remainder"] == pytest.approx(record["scores"][name], abs=1e-4)


def test_boxes_in_records_lie_in_the_image_with_a_confidence(tmp_path: Path, results):
    out = write_all(tmp_path / "out", results)
    lines = (out / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    for line, result in zip(lines, results, strict=True):
        record = json.loads(line)
        for box in record["boxes"]:
            assert 0 <= box["x1"] < box["x2"] <= record["width"]
            assert 0 <= box["y1"] < box["y2"] <= record["height"]
        sure = [box_confidence(result, box) for name in result.shown for box in result.boxes(name)]
        assert [box["confidence"] for box in record["boxes"]] == pytest.approx(sure, abs=1e-6)


def test_heatmaps_come_back_at_image_size(tmp_path: Path, results):
    out = write_all(tmp_path / "out", results, heatmaps=True)
    result = next(result for result in results if result.file_name == "p3.png")
    stored = read_heatmap(out / "heatmaps" / "p3.npz", "dog")
    assert stored.shape == (result.height, result.width)
    np.testing.assert_array_equal(stored, result.heatmap("dog"))
    with np.load(out / "heatmaps" / "p3.npz", allow_pickle=False) as arrays:
        assert arrays["maps"].min() < 0 < arrays["maps"].max()  # signed, not normalised
        assert list(arrays["classes"]) == list(result.classes)


def test_overlays_are_named_after_image_and_class(tmp_path: Path, results):
    out = write_all(tmp_path / "out", results, heatmaps=True)
    written = {path.relative_to(out / "heatmaps").as_posix() for path in (out / "heatmaps").rglob("*.png")}
    assert {"p0.cat.png", "deep/p5.cat.png"} <= written
    assert not any("/scale" in name for name in written)
    assert Image.open(out / "heatmaps" / "p3.cat.png").size == (200, 50)


def test_masks_are_indexed_pictures_of_image_size_with_a_legend(tmp_path: Path, results):
    out = write_all(tmp_path / "out", results, masks={"background": 0.5})
    mask = Image.open(out / "masks" / "deep" / "p5.png")
    assert mask.mode == "P"
    assert mask.size == (128, 100)
    assert set(np.unique(np.asarray(mask))) <= {0, 1, 3}
    assert mask.getpalette()[3:6] == [128, 0, 0]
    assert read_csv(out / "masks" / "legend.csv")[1] == {"index": "1", "class": "cat"}


def test_two_images_that_differ_by_suffix_keep_their_files(
    tmp_path: Path, predictor: Predictor, photos: Path
):
    Image.open(photos / "p0.png").save(photos / "p0.jpg")
    results = list(predictor.predict([photos / "p0.jpg", photos / "p0.png"]))
    out = write_all(tmp_path / "out", results, heatmaps=True)
    assert {path.name for path in (out / "heatmaps").glob("*.npz")} == {"p0.npz", "p0.png.npz"}


@pytest.mark.parametrize(
    "names", [("a.jpg", "a.png"), ("A.jpg", "a.jpg"), ("a.jpg", "a.jpg"), ("../a.jpg", "/a.jpg")]
)
def test_images_of_equal_names_never_overwrite_each_other(tmp_path: Path, results, names):
    renamed = [replace(result, file_name=name) for result, name in zip(results, names, strict=False)]
    out = write_all(tmp_path / "out", renamed, heatmaps=True, masks={})
    for folder, pattern in (("heatmaps", "*.npz"), ("masks", "*.png")):
        found = {path.name.casefold() for path in (out / folder).glob(pattern)}
        assert len(found) == 2, found
    assert {path.name for path in tmp_path.iterdir()} == {"out", "photos", "run"}, "nothing leads outside"


def test_overlays_of_classes_and_images_that_look_alike_stay_apart(tmp_path: Path, results):
    decision = replace(results[0].decision, classes=("a/b", "a_b", "b.c"), thresholds={})
    renamed = [
        replace(result, file_name=name, decision=decision)
        for result, name in zip(results, ("i.jpg", "i.b.jpg"), strict=False)
    ]
    out = write_all(tmp_path / "out", renamed, heatmaps=True)
    assert len(list((out / "heatmaps").glob("*.png"))) == sum(len(result.shown) for result in renamed)


def test_after_an_error_no_table_looks_whole(tmp_path: Path, results):
    out = tmp_path / "out"

    def stopped(**options):
        with PredictionWriter(out, results[0].classes, **options) as writer:
            writer.add(results[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert not out.exists()
    write_all(out, results)
    before = (out / "predictions.csv").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        stopped(overwrite=True)
    assert (out / "predictions.csv").read_bytes() == before


def test_a_killed_process_leaves_no_table(tmp_path: Path, results):
    out = tmp_path / "out"
    if not (child := os.fork()):
        with PredictionWriter(out, results[0].classes, masks={}) as writer:
            writer.add(results[0])
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert not (out / "predictions.csv").exists()
    assert not (out / "predictions.jsonl").exists()
    write_all(out, results, overwrite=True)
    assert {path.name for path in out.iterdir()} == {"masks", "predictions.csv", "predictions.jsonl"}


@pytest.mark.parametrize("mine", ["coco.json", "masks/a.png", "skipped.csv"])
def test_work_that_is_no_prediction_is_never_overwritten(tmp_path: Path, results, mine):
    (tmp_path / mine).parent.mkdir(exist_ok=True)
    (tmp_path / mine).write_text("mine")
    with pytest.raises(
        UsageError, match=f"{mine.split('/')[0]} and no predictions, so it is not overwritten"
    ):
        PredictionWriter(tmp_path, results[0].classes, overwrite=True)
    assert (tmp_path / mine).read_text() == "mine"


def test_nothing_existing_is_overwritten_without_permission(tmp_path: Path, results):
    out = write_all(tmp_path / "out", results[:1])
    before = (out / "predictions.csv").read_bytes()
    with pytest.raises(UsageError, match="empty or new folder"):
        PredictionWriter(out, results[0].classes)
    assert (out / "predictions.csv").read_bytes() == before
    write_all(out, results, overwrite=True)
    assert (out / "predictions.csv").read_bytes() != before


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path, results):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="must be a folder"):
        PredictionWriter(tmp_path / "out", results[0].classes, overwrite=True)


def test_skipped_files_are_listed(tmp_path: Path, predictor: Predictor, photos: Path):
    (photos / "bad.png").write_bytes(b"")
    with PredictionWriter(tmp_path / "out", predictor.classes) as writer:
        for result in predictor.predict(photos):
            writer.add(result)
        writer.finish(predictor.skipped)
    assert [row["file_name"] for row in read_csv(tmp_path / "out" / "skipped.csv")] == ["bad.png"]


def test_without_skipped_files_there_is_no_list(tmp_path: Path, predictor: Predictor):
    with PredictionWriter(tmp_path / "out", predictor.classes) as writer:
        writer.finish(predictor.skipped)
    assert not (tmp_path / "out" / "skipped.csv").exists()


def test_saved_results_gather_in_one_folder(tmp_path: Path, results):
    for result in results:
        paths = result.save(tmp_path / "out")
        assert all(path.is_file() for path in paths)
    deep = next(result for result in results if result.file_name == "deep/p5.png")
    stored = json.loads((tmp_path / "out" / "deep" / "p5.json").read_text(encoding="utf-8"))
    assert stored["scores"] == pytest.approx(deep.scores, abs=1e-5)
    with pytest.raises(UsageError, match="exists"):
        results[0].save(tmp_path / "out")
    results[0].save(tmp_path / "out", overwrite=True)


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize(
    ("wide", "header", "rows"),
    [
        (False, ["bag", "class", "score", "probability", "predicted"], 4),
        (True, ["bag", "labels", "cat", "dög"], 2),
    ],
)
def test_three_files_of_bags_are_written_in_the_order_of_the_results(tmp_path, wide, header, rows):
    out = write_all(tmp_path / "out", [bag_result(), bag_result("slide 2")], wide=wide, tables=BAG_TABLES)
    table = rows_of(out / "predictions.csv")
    assert (table[0], len(table)) == (header, 1 + rows)
    instances = rows_of(out / "instances.csv")
    assert instances[0] == ["bag", "instance", "cat", "dög"]
    assert [row[0] for row in instances[1:]] == ["slide 1"] * 3 + ["slide 2"] * 3
    lines = (out / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["bag"] for line in lines] == ["slide 1", "slide 2"]
    assert "dög" in lines[0]
    assert sorted(path.name for path in out.iterdir()) == [
        "instances.csv",
        "predictions.csv",
        "predictions.jsonl",
    ]


def test_a_bag_that_fails_leaves_the_files_that_were_there(tmp_path):
    write_all(tmp_path, [bag_result()], tables=BAG_TABLES)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def results():
        yield bag_result("other")
        raise DataError("the second bag cannot be read")

    def write():
        with PredictionWriter(tmp_path, ("cat", "dög"), overwrite=True, tables=BAG_TABLES) as writer:
            for result in results():
                writer.add(result)

    with pytest.raises(DataError, match="second bag"):
        write()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_names_of_bags_with_any_characters_stay_in_their_cell(tmp_path):
    names = ["/data/a,b.svs", "../x", 'say "so"', "two\nlines", "\udcff"]
    write_all(tmp_path / "out", [bag_result(name) for name in names], wide=True, tables=BAG_TABLES)
    assert [row[0] for row in rows_of(tmp_path / "out" / "predictions.csv")][1:] == names
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
