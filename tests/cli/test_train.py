"""The flags of ``weldon train`` are the recipe, and a whole visit works from the shell."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from cli.shell import run
from weldon.cli.train import signature
from weldon.data.scenes import CLASSES, make_scenes, write_scenes
from weldon.runs.recipe import Recipe
from weldon.runs.run_directory import RunDirectory

TINY = ["--model", "test_resnet", "--weights", "none", "--image-size", "64", "-b", "8", "-j", "0"]
TINY += ["--epochs", "1"]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")
    counts = {"train": 24, "val": 12}
    write_scenes(folder, {part: make_scenes(n, split=part, seed=0) for part, n in counts.items()})
    return folder


def test_every_option_of_the_recipe_is_a_flag():
    assert set(Recipe.model_fields) <= set(signature().parameters)


def test_help_beside_a_preset_shows_it_whatever_the_order(capsys):
    for arguments in (("--preset", "quick", "--help"), ("-h", "--preset=quick")):
        code, said = run(capsys, "train", *arguments)
        assert code == 0
        assert said.out.startswith("Usage: ")
        assert "Preset quick:" in said.out
        assert "image_size = 320" in said.out
        assert len(said.out.splitlines()) < 24  # it fits a terminal, without the flags
    usual = run(capsys, "train", "--help")[1].out
    assert "Preset quick:" not in usual
    assert "--image-size" in usual


def test_a_preset_trains_with_its_options_under_those_given(scenes, tmp_path, capsys):
    out = tmp_path / "run"
    code, said = run(capsys, "train", scenes, "--preset", "quick", "--out", out, *TINY)
    assert code == 0, said.err
    recipe = RunDirectory(out).recipe
    assert (recipe.freeze, recipe.image_size, recipe.search_rounds, recipe.optimizer) == (True, 64, 0, "sgd")
    tried = json.loads((out / "search.json").read_text())["tried"]
    assert len(tried) == 1  # a first look waits for no search
    code, said = run(capsys, "train", scenes, "--preset", "fast", "--out", tmp_path / "other", *TINY)
    assert code == 2
    assert "preset must be one of quick, best, paper" in said.err


def test_a_visit_from_check_to_export(scenes, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    labels = ("--labels", scenes / "labels.csv")
    assert run(capsys, "check", scenes, *labels)[0] == 0
    code, said = run(capsys, "train", scenes, *labels, "--out", "run", "--json", *TINY)
    assert code == 0, said.err
    trained = json.loads(said.out)
    assert trained["images"] == {"train": 24, "val": 12}
    page = (tmp_path / "run" / "report" / "index.html").read_text(encoding="utf-8")
    assert all(f'<th scope="row" data-value="{name}">' in page for name in CLASSES)
    code, said = run(capsys, "val", "run", "--json")
    assert code == 0, said.err
    assert json.loads(said.out)["map"] == pytest.approx(trained["validation"]["map"], abs=1e-6)
    every = ("--points", "--boxes", "--masks", "--heatmaps", "--to", "coco,labelstudio,cvat,yolo,voc")
    code, said = run(capsys, "predict", "run", scenes / "val", "--out", "pred", "--json", *every)
    assert code == 0, said.err
    assert json.loads(said.out)["images"] == 12
    table = (tmp_path / "pred" / "predictions.csv").read_text(encoding="utf-8")
    assert all(f"{number:05d}.png" in table for number in range(12))
    config = (tmp_path / "pred" / "labelstudio" / "label_config.xml").read_text(encoding="utf-8")
    assert all(f'value="{name}"' in config for name in CLASSES)
    code, said = run(capsys, "explain", "run", scenes / "val" / "00000.png", "--class", "3", "--versus", "8")
    assert code == 0, said.err
    assert Image.open(tmp_path / "00000.3.versus.8.png").width > 100
    code, said = run(capsys, "export", "run", "--format", "hub", "--json")
    assert code == 0, said.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("train", "nowhere"), 1, "nowhere"),
        (("train", "{scenes}", "--pool", "median"), 2, "median"),
        (("train", "{scenes}", "--colour", "red"), 2, "colour"),
        (("predict", "nowhere", "x.jpg"), 2, "nowhere"),
        (("val", "nowhere"), 2, "nowhere"),
    ],
)
def test_exit_codes_and_words(scenes, tmp_path, capsys, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    left, said = run(capsys, *(argument.format(scenes=scenes) for argument in arguments))
    assert (left, words in said.err) == (code, True), said.err
