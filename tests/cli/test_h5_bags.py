"""A folder of slides' features in HDF5 works from the shell: check, train, val, predict."""

from __future__ import annotations

import csv
import json
import sys

import numpy as np
import pytest

from cli.shell import run
from fixtures.bags_on_disk import write_bags
from weldon.cli import main

h5py = pytest.importorskip("h5py")


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    """Bags as TRIDENT writes them, labelled as CLAM does, and a run that learnt from them."""
    root = tmp_path_factory.mktemp("slides")
    written = write_bags(root)
    slides = root / "features_uni_v1"
    slides.mkdir()
    for name, values in written.bags.items():
        with h5py.File(slides / f"{name}.h5", "w") as file:
            file["features"] = values
            file["coords"] = np.stack([512 * np.arange(len(values)), np.zeros(len(values), int)], 1)
            file["coords"].attrs["patch_size_level0"] = 512
    labels = root / "slides.csv"
    with written.labels.open(newline="", encoding="utf-8") as file, labels.open("w", newline="") as out:
        rows = [(f"patient{n // 2}", row["bag"], row["labels"]) for n, row in enumerate(csv.DictReader(file))]
        csv.writer(out).writerows([("case_id", "slide_id", "label"), *rows])
    options = ["--labels", str(labels), "--group-col", "case_id", "--epochs", "2", "-b", "8"]
    with pytest.raises(SystemExit) as left:
        main(["train", str(slides), *options, "--out", str(root / "run")])
    assert left.value.code == 0
    return slides, labels, root / "run", written.bags


def test_check_counts_slides_and_tells_the_patches(visit, capsys):
    slides, labels, _, bags = visit
    code, said = run(capsys, "check", slides, "--labels", labels, "--json")
    assert code == 0, said.err
    found = json.loads(said.out)
    assert (found["bags"], found["features"]) == (len(bags), 64)
    assert any("512 pixels in 40 files" in note for note in found["notes"])


def test_the_run_is_measured(visit, capsys):
    code, said = run(capsys, "val", visit[2], "--json")
    assert code == 0, said.err


def test_predictions_name_every_patch_by_its_place(visit, tmp_path, capsys):
    slides, _, folder, bags = visit
    code, said = run(capsys, "predict", folder, slides, "--out", tmp_path / "out", "--json")
    assert code == 0, said.err
    with (tmp_path / "out" / "instances.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(bag) for bag in bags.values())
    assert [row["instance"] for row in rows[:2]] == ["0,0", "512,0"]


def test_a_window_is_refused_since_bags_hold_no_pictures(visit, capsys):
    code, said = run(capsys, "check", visit[0], "--labels", visit[1], "--window", "0", "9")
    assert (code, "leave out --window" in said.err) == (2, True)


def test_without_h5py_one_sentence_says_what_to_install(visit, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    code, said = run(capsys, "check", visit[0], "--labels", visit[1])
    assert code == 2
    assert said.err.count("h5py must be installed: pip install") == 1
