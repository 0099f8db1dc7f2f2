"""Pictures, lists and bags that a run is given, and runs that go on: what is right, case by case."""

from __future__ import annotations

import json
import shutil

import pytest

from cli.process import run_ranks
from cli.shell import run
from stress.shared_cases import CASES, READ, TINY, checked, scores, table, train, weldon

pytestmark = READ


def test_pictures_of_every_ending_are_read_or_named(capsys, trained, tmp_path):
    status, said = run(capsys, "predict", trained, CASES / "jfif", "--out", tmp_path / "p", "--device", "cpu")
    assert status == 0
    read = {row["file_name"] for row in table(tmp_path / "p" / "predictions.csv")}
    for name in ("a.jpg", "b.jfif", "c.HEIC", "d.mpo"):
        assert name in read or name in said.err, name
    assert {"a.jpg", "b.jfif", "d.mpo"} <= read


def test_a_list_in_utf_16_is_read_or_named(capsys, trained, tmp_path):
    status, said = run(
        capsys, "predict", trained, CASES / "list16.txt", "--out", tmp_path / "p", "--device", "cpu"
    )
    assert status in (0, 1)
    assert status == 0 or "list16.txt" in said.err


def test_voc_files_of_two_pictures_never_overwrite_each_other(capsys, trained, tmp_path):
    names = [CASES / "predict_names" / name for name in ("a.jpg", "a.png")]
    out = ("--to", "voc", "--out", tmp_path / "p", "--device", "cpu")
    status, said = run(capsys, "predict", trained, *names, *out)
    written = list((tmp_path / "p").rglob("*.xml"))
    assert (status == 0 and len(written) == 2) or (status in (1, 2) and "a.png" in said.err)


def test_names_that_only_an_enemy_would_give(capsys, trained, tmp_path):
    found = scores(capsys, trained, CASES / "predict_names", tmp_path / "p")
    assert {"a.jpg", "a.png", "sub/a.jpg", "=cmd|x.jpg"} <= {name for name, _ in found}


def test_pictures_are_upright(capsys, trained, tmp_path):
    found = scores(capsys, trained, CASES / "exif", tmp_path / "p")
    for name in ("cat", "dog"):
        values = [float(found[f"o{turn}.png", name]) for turn in range(1, 9)]
        assert max(values) - min(values) < 1e-3


BAD_PICTURES = {
    *("f32.tif", "heic_as.jpg", "html.jpg", "i32.tif", "trunc.jpg", "trunc.png", "trunc1.jpg", "zero.jpg"),
}


def test_odd_pictures_are_read_and_bad_ones_named(capsys, trained, tmp_path):
    status, said = run(capsys, "predict", trained, CASES / "images", "--out", tmp_path / "p", "--json")
    assert (status, set(json.loads(said.out)["skipped"])) == (0, BAD_PICTURES)


BAGS = {  # what each table's bags must give: those of bags.csv under these names, or a refusal that names it
    "bags_bom": lambda name: name,
    "bags_cap": lambda name: name,
    "bags_index": lambda name: name,
    "bags_reordered": lambda name: name,
    "bags_slide": lambda name: name,
    "bags_utf16": lambda name: name,
    "bags_abs": lambda name: f"/data/slides/{name}.svs",
}


@pytest.mark.parametrize("name", BAGS)
def test_bags_are_read_by_the_names_of_their_columns(capsys, trained_on_bags, tmp_path, name):
    right = scores(capsys, trained_on_bags, CASES / "bags" / "bags.csv", tmp_path / "right")
    found = scores(capsys, trained_on_bags, CASES / "bags" / f"{name}.csv", tmp_path / "found")
    if isinstance(found, tuple):
        assert found[0] in (1, 2)
        assert f"{name}.csv" in found[1]
    else:
        assert found == {(BAGS[name](bag), label): score for (bag, label), score in right.items()}


def test_bags_with_other_columns_are_refused_by_name(capsys, trained_on_bags, tmp_path):
    status, said = scores(capsys, trained_on_bags, CASES / "bags" / "bags_renamed.csv", tmp_path / "p")
    assert status in (1, 2)
    assert "f0" in said
    assert "zz" in said


@pytest.mark.parametrize("name", ["bags_cap", "bags_slide", "bags_utf16", "bags_semi", "bags_index"])
def test_a_table_of_bags_never_blames_its_labels(capsys, name):
    status, report, said = checked(capsys, f"bags/{name}.csv", "bags/labels.csv")
    assert (status == 0 and report["features"] == 3) or (status == 1 and f"{name}.csv" in said)


def test_a_resumed_run_keeps_its_split_or_says_what_changed(tmp_path):
    data = tmp_path / "data"
    shutil.copytree(CASES / "resume_split", data)
    out = train(tmp_path / "run", data, options=(*TINY[:-1], "1"))
    before = (out / "splits.csv").read_text()
    rows = (data / "labels.csv").read_text().splitlines()
    (data / "labels.csv").write_text("\n".join([rows[0], *rows[: len(rows) // 2 : -1]]) + "\n")
    done = weldon(tmp_path, "train", data, *TINY, "--out", out, "--resume")
    assert done.code in (0, 1, 2), done.said
    assert (out / "splits.csv").read_text() == before


def test_a_resumed_run_keeps_its_classes_or_says_what_changed(tmp_path):
    data = tmp_path / "data"
    shutil.copytree(CASES / "flat", data)
    out = train(tmp_path / "run", data, options=(*TINY[:-1], "1"))
    shutil.copy(CASES / "flat3" / "labels.csv", data / "labels.csv")
    done = weldon(tmp_path, "train", data, *TINY, "--out", out, "--resume")
    assert done.code in (1, 2), done.said
    assert "ant" in done.said
    assert (out / "classes.txt").read_text() == "cat\ndog\n"


@pytest.mark.slow
def test_two_processes_write_what_one_gives(tmp_path):
    out = tmp_path / "two"
    command = ("train", CASES / "flat", *TINY, "--nodes", "2", "--strategy", "ddp", "--out", out)
    for done in run_ranks(tmp_path, *command):
        assert done.code == 0, done.said
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["images"] == {"train": 12, "val": 8}
    assert sum(int(row["positives"]) for row in table(out / "report" / "per_class.csv")) == 8
    epoch = table(out / "metrics.csv")[manifest["validation"]["best_epoch"]]
    assert manifest["validation"]["map"] == pytest.approx(float(epoch["val/map"]), abs=1e-5)
