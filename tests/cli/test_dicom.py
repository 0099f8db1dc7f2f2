"""A folder of DICOM pictures works from the shell, and a run keeps the window that it learnt with."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from PIL import Image

from cli.shell import run
from fixtures.dicom_files import write_dicom
from weldon.cli import main
from weldon.inference.loading import load_images
from weldon.runs.run_directory import open_run

pytest.importorskip("pydicom")
TINY = ["--model", "test_resnet", "--weights", "none", "--image-size", "64", "-b", "8", "-j", "0"]
WINDOW = (-100.0, 300.0)


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Slices in a folder a class: only bright squares tell the classes apart."""
    folder, random = tmp_path_factory.mktemp("scans"), np.random.default_rng(0)
    for number in range(24):
        kind = ("bone", "none")[number % 2]
        values = random.integers(-90, 0, (40, 50)).astype(np.int16)
        if kind == "bone":
            values[10:20, 10 : 20 + number] = 250
        (folder / kind).mkdir(exist_ok=True)
        write_dicom(folder / kind / f"{number}.dcm", values)
    return folder


@pytest.fixture(scope="module")
def trained(scans, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    ends = [str(end) for end in WINDOW]
    with pytest.raises(SystemExit) as left:
        main(["train", str(scans), "--window", *ends, "--epochs", "1", "--out", str(folder), *TINY])
    assert left.value.code == 0
    return folder


def test_check_counts_and_says_that_no_window_is_known(scans, capsys):
    code, said = run(capsys, "check", scans, "--json")
    assert code == 0, said.err
    found = json.loads(said.out)
    assert (found["images"], found["modes"]) == (24, {"F": 24})
    assert any("24 DICOM pictures say no window" in warning for warning in found["warnings"])
    code, said = run(capsys, "check", scans, "--window", *WINDOW, "--json")
    assert not any("window" in warning for warning in json.loads(said.out)["warnings"])


def test_the_window_stands_in_the_recipe_and_in_the_report(trained):
    assert "window = [" in (trained / "config.toml").read_text(encoding="utf-8")
    assert open_run(trained).recipe.window == WINDOW
    page = (trained / "report" / "index.html").read_text(encoding="utf-8")
    assert "-100 is black and 300 white" in page


def test_the_run_is_measured_and_predicts_with_its_own_window(trained, scans, tmp_path, capsys):
    code, said = run(capsys, "val", trained, "--json")
    assert code == 0, said.err
    one = scans / "bone" / "2.dcm"
    code, said = run(capsys, "predict", trained, one, "--heatmaps", "--out", tmp_path / "out", "--json")
    assert code == 0, said.err
    values = np.asarray(load_images(trained).predict_one(one).image)
    assert values[15, 15, 0] == round((250 - WINDOW[0]) / (WINDOW[1] - WINDOW[0]) * 255)


def test_a_frozen_run_computes_other_maps_under_another_window(scans, tmp_path, capsys):
    for number, window in enumerate((WINDOW, (0.0, 50.0), WINDOW)):
        arguments = ["train", scans, "--window", *window, "--freeze", "--no-search", "--epochs", "1", *TINY]
        code, said = run(capsys, *arguments, "--cache", tmp_path / "cache", "--out", tmp_path / str(number))
        assert code == 0, said.err
    assert len([path for path in (tmp_path / "cache").iterdir() if path.is_dir()]) == 2


@pytest.mark.parametrize(("ends", "words"), [(("5", "5"), "LOW below HIGH"), (("a", "5"), "a valid number")])
@pytest.mark.parametrize("verb", ["train", "check"])
def test_a_window_that_cannot_be_is_refused(scans, tmp_path, capsys, verb, ends, words):
    out = ["--out", tmp_path / "run"] if verb == "train" else []
    code, said = run(capsys, verb, scans, "--window", *ends, *out)
    assert code == 2
    assert words in said.err


def test_pictures_of_unknown_range_are_learnt_from_once_a_window_says_it(tmp_path, capsys):
    random = np.random.default_rng(0)
    for number in range(16):
        (tmp_path / "data" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        values = random.normal(size=(40, 40)).astype(np.float32)
        Image.fromarray(values).save(tmp_path / "data" / "ab"[number % 2] / f"{number}.tif")
    arguments = ["train", tmp_path / "data", "--epochs", "1", "--out", tmp_path / "run", *TINY]
    code, said = run(capsys, *arguments)
    assert code == 1
    assert "say with --window LOW HIGH" in said.err
    code, said = run(capsys, *arguments, "--window", "-3", "3")
    assert code == 0, said.err


def test_without_pydicom_one_sentence_says_what_to_install(scans, tmp_path, trained, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    for arguments in (("check", scans), ("predict", trained, scans, "--out", tmp_path / "out")):
        code, said = run(capsys, *arguments)
        assert code == 2
        assert said.err.count("pydicom must be installed: pip install") == 1
