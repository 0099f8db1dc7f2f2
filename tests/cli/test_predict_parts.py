"""Parts of a large prediction: each is written once, by one process, and a kill loses at most one."""

from __future__ import annotations

import json
import shutil
import signal
import time

import pyarrow.parquet as pq
import pytest

from cli.process import finish, kill_in_part, stand_still_in_part, start
from cli.shell import run
from object_store import FolderStore
from weldon.data import stores
from weldon.inference import load

TWO = ("--to", "parquet", "--part-images", "2", "--device", "cpu", "--json")


def predict(capsys, folder, photos, out, *more):
    code, said = run(capsys, "predict", folder, photos, "--out", out, *TWO, *more)
    return code, json.loads(said.out) if code == 0 else said.err


def rows_of(path):
    with pq.ParquetFile(path) as file:
        return file.read().to_pylist()


def parts_of(out):
    return {path.name: path.read_bytes() for path in (out / "parts").iterdir()}


def test_rows_are_what_the_library_predicts_in_the_order_of_the_list(make_run, photos, tmp_path, capsys):
    folder, out = make_run(), tmp_path / "out"
    code, told = predict(capsys, folder, photos, out, "--points", "--boxes")
    assert code == 0, told
    assert (told["images"], told["written"], told["missing"]) == (7, 4, 0)
    rows = rows_of(out / "predictions.parquet")
    model = load(folder, device="cpu")
    expected = list(model.predict_many(photos))
    assert [row["file_name"] for row in rows] == [result.file_name for result in expected]
    for row, result in zip(rows, expected, strict=True):
        assert (row["width"], row["height"], row["skipped"]) == (result.width, result.height, None)
        assert row["labels"] == result.labels
        assert row["scores"] == pytest.approx(result.scores, abs=1e-4)
        assert row["probabilities"] == pytest.approx(result.probabilities, abs=1e-4)
        assert [point["label"] for point in row["points"]] == result.labels
        assert row["points"][0]["x"] == pytest.approx(result.point(result.labels[0]).x)
        boxes = [box for name in result.labels for box in result.boxes(name)]
        assert [box["x2"] for box in row["boxes"]] == pytest.approx([box.x2 for box in boxes])


def test_shares_together_give_the_file_of_one_process(make_run, photos, tmp_path, capsys):
    folder = make_run()
    predict(capsys, folder, photos, tmp_path / "one")
    for share in ("2/3", "1/3"):
        code, told = predict(capsys, folder, photos, tmp_path / "three", "--shard", share)
        assert code == 0, told
        assert told["merged"] is None
    code, words = predict(capsys, folder, photos, tmp_path / "three", "--merge")
    assert (code, "1 of 4 parts are missing" in words, "number 2" in words) == (1, True, True), words
    predict(capsys, folder, photos, tmp_path / "three", "--shard", "3/3")
    code, told = predict(capsys, folder, photos, tmp_path / "three", "--merge")
    assert code == 0, told
    files = [tmp_path / name / "predictions.parquet" for name in ("one", "three")]
    assert rows_of(files[0]) == rows_of(files[1])


def test_a_finished_part_is_not_done_twice_and_a_damaged_one_is(make_run, photos, tmp_path, capsys):
    folder, out = make_run(), tmp_path / "out"
    predict(capsys, folder, photos, out)
    before = parts_of(out)
    stamps = {path: path.stat().st_mtime_ns for path in (out / "parts").iterdir()}
    cut = out / "parts" / "part-000001.parquet"
    cut.write_bytes(before[cut.name][:-20])
    code, told = predict(capsys, folder, photos, out)
    assert code == 0, told
    assert (told["written"], told["found"], told["images"]) == (1, 3, 2)
    assert parts_of(out) == before
    assert [path.name for path, stamp in stamps.items() if path.stat().st_mtime_ns != stamp] == [cut.name]


@pytest.mark.parametrize("moment", ["before", "while", "after"])
def test_a_kill_loses_at_most_one_part(make_run, photos, tmp_path, capsys, moment):
    folder, out = make_run(), tmp_path / "out"
    command = ("predict", folder, photos, "--out", out, *TWO)
    killed = finish(start(tmp_path, *command, before=(kill_in_part, 2, moment)))
    assert killed.code == -signal.SIGKILL, killed.said
    there = parts_of(out)
    assert any(name.startswith(".") for name in there) == (moment == "while")
    whole = {name: content for name, content in there.items() if not name.startswith(".")}
    assert sorted(whole) == [f"part-{n:06d}.parquet" for n in range(3 if moment == "after" else 2)]
    code, told = predict(capsys, folder, photos, out)
    assert code == 0, told
    assert (told["found"], told["written"]) == (len(whole), 4 - len(whole))
    assert {name: content for name, content in parts_of(out).items() if name in whole} == whole
    assert sorted(parts_of(out)) == [f"part-{n:06d}.parquet" for n in range(4)]  # no draft is left
    predict(capsys, folder, photos, tmp_path / "undisturbed")
    assert rows_of(out / "predictions.parquet") == rows_of(tmp_path / "undisturbed" / "predictions.parquet")


def test_sigterm_keeps_the_finished_parts_and_leaves_no_draft(make_run, photos, tmp_path):
    out = tmp_path / "out"
    ended = finish(
        start(
            tmp_path,
            *("predict", make_run(), photos, "--out", out, *TWO),
            before=(kill_in_part, 1, "while", signal.SIGTERM),
        )
    )
    assert ended.code == 143, ended.said
    assert sorted(parts_of(out)) == ["part-000000.parquet"]


def test_a_part_that_another_process_writes_is_left_to_it(make_run, photos, tmp_path, capsys):
    folder, out = make_run(), tmp_path / "out"
    other = start(tmp_path, "predict", folder, photos, "--out", out, *TWO, before=(stand_still_in_part, 1))
    try:
        wait_for(out / "standing")
        code, told = predict(capsys, folder, photos, out)
        assert code == 0, told
        assert (told["found"], told["elsewhere"], told["written"]) == (1, 1, 2)
        assert (told["missing"], told["merged"]) == (1, None)
        assert not (out / "predictions.parquet").exists()
    finally:
        other.kill()
    finish(other)
    code, told = predict(capsys, folder, photos, out)  # the kill freed the part
    assert (told["written"], told["missing"]) == (1, 0)
    assert len(rows_of(out / "predictions.parquet")) == 7


def wait_for(path, seconds=60):
    for _ in range(seconds * 20):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} did not come")


def test_an_image_that_cannot_be_read_is_a_row_that_says_why(make_run, photos, tmp_path, capsys):
    (photos / "p1.png").write_bytes(b"no picture")
    code, told = predict(capsys, make_run(), photos, tmp_path / "out")
    assert (code, told["images"], told["skipped"]) == (0, 7, 1)
    rows = {row["file_name"]: row for row in rows_of(tmp_path / "out" / "predictions.parquet")}
    assert len(rows) == 7
    assert rows["p1.png"]["scores"] is None
    assert rows["p1.png"]["labels"] is None
    assert "p1.png" in rows["p1.png"]["skipped"]


def test_images_that_come_later_are_no_part_of_the_list(make_run, photos, tmp_path, capsys):
    folder, out = make_run(), tmp_path / "out"
    predict(capsys, folder, photos, out)
    shutil.copy(photos / "p0.png", photos / "later.png")
    code, told = predict(capsys, folder, photos, out)
    assert (code, told["written"], told["parts"]) == (0, 0, 4)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--boxes",), "--boxes"),
        (("--part-images", "3"), "--part-images"),
        (("other",), "the images"),
    ],
)
def test_other_options_are_refused_in_a_folder_that_has_parts(
    make_run, photos, tmp_path, capsys, more, words
):
    folder, out = make_run(), tmp_path / "out"
    predict(capsys, folder, photos, out)
    before = parts_of(out)
    shutil.copytree(photos, tmp_path / "other")
    if more == ("other",):
        more = (tmp_path / "other",)
    code, said = predict(capsys, folder, photos, out, *more)
    assert (code, words in said, "same command" in said) == (2, True, True), said
    assert parts_of(out) == before


def test_another_run_is_refused_in_a_folder_that_has_parts(make_run, photos, tmp_path, capsys):
    predict(capsys, make_run(), photos, tmp_path / "out")
    thresholds = tmp_path / "run" / "thresholds.json"
    thresholds.write_text(thresholds.read_text().replace("2.5", "2.6"))
    code, said = predict(capsys, tmp_path / "run", photos, tmp_path / "out")
    assert (code, "(the run)" in said) == (2, True), said


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--masks",), "leave out --masks"),
        (("--overwrite", "--wide"), "leave out --wide, --overwrite"),
        (("--merge", "--shard", "1/2"), "leave out --shard"),
        (("--shard", "0/2"), "shard: must be i/n with i from 1 to n"),
        (("--shard", "3/2"), "got '3/2'"),
        (("--to", "parquet,coco"), "must be parquet alone"),
        (("--to", "coco"), "--part-images belongs to --to parquet"),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_anything_is_written(
    make_run, photos, tmp_path, capsys, more, words
):
    code, said = predict(capsys, make_run(), photos, tmp_path / "out", *more)
    assert (code, words in said) == (2, True), said
    assert not (tmp_path / "out").exists()


def test_a_share_needs_a_folder(make_run, photos, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, said = run(capsys, "predict", make_run(), photos, "--to", "parquet", "--shard", "1/2")
    assert (code, "need --out" in said.err) == (2, True)
    assert not (tmp_path / "runs").exists()


def test_a_folder_with_other_work_is_refused_and_kept(make_run, photos, tmp_path, capsys):
    (tmp_path / "out" / "parts").mkdir(parents=True)
    (tmp_path / "out" / "parts" / "mine.txt").write_text("mine")
    code, said = predict(capsys, make_run(), photos, tmp_path / "out")
    assert (code, "choose another" in said) == (2, True), said
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["parts", "mine.txt"]


def test_without_a_share_a_folder_is_found(make_run, photos, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, said = run(capsys, "predict", make_run(), photos, *TWO)
    assert code == 0, said.err
    assert len(rows_of(tmp_path / "runs" / "predict" / "predictions.parquet")) == 7


def test_pictures_in_an_object_store_give_the_rows_of_the_files(
    make_run, photos, tmp_path, capsys, monkeypatch
):
    folder = make_run()
    predict(capsys, folder, photos, tmp_path / "near", "--boxes")
    monkeypatch.setattr(stores, "_store", lambda: FolderStore(tmp_path))
    code, told = predict(capsys, folder, "s3://bucket/photos", tmp_path / "far", "--boxes")
    assert code == 0, told
    code, _ = run(
        capsys, "predict", folder, "s3://bucket/photos/p3.png", "--out", tmp_path / "one", "--heatmaps"
    )
    assert code == 0
    near, far = (rows_of(tmp_path / name / "predictions.parquet") for name in ("near", "far"))
    assert near == far
    assert len(far) == 7
    assert next((tmp_path / "one").rglob("*.png"))
