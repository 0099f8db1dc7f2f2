"""``--max-pixels``: a picture of more is named with the way out, in every verb that reads pictures."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from typer import Context
from typer.main import get_command

from cli.shell import run
from weldon.cli import app
from weldon.data.decode import VARIABLE
from weldon.runs.recipe import Recipe
from weldon.training.inputs.bags import IMAGE_OPTIONS


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "")
    for name, size in (("cat/a.png", (40, 30)), ("cat/b.png", (9, 9)), ("dog/c.png", (12, 9))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", size, (len(name), *size)).save(tmp_path / name)
    return tmp_path


def test_check_refuses_what_has_more_pixels_and_reads_it_when_allowed(pictures, capsys):
    status, printed = run(capsys, "check", pictures, "--max-pixels", 1199, "--json")
    ((name, reason),) = json.loads(printed.out)["unreadable"]
    assert (status, name) == (1, "cat/a.png")
    assert "40 x 30 are 1,200 pixels, more than the 1,199 allowed" in reason
    status, printed = run(capsys, "check", pictures, "--max-pixels", 1200, "--json")
    assert (status, json.loads(printed.out)["unreadable"]) == (0, [])


def test_train_refuses_it_before_it_trains(pictures, capsys, tmp_path):
    options = ("--model", "test_resnet", "--weights", "none", "--image-size", 32)
    options += ("--out", tmp_path / "cat" / ".." / "run")  # beside the classes, as `weldon train .` has it
    status, printed = run(capsys, "train", pictures, *options, "--val", 0.4, "--max-pixels", 1199)
    assert status == 1
    assert "1 of 3 files cannot be read" in printed.err
    assert "--max-pixels 1200" in printed.err


def test_a_variable_that_is_no_count_is_bad_usage(pictures, capsys, monkeypatch):
    monkeypatch.setenv(VARIABLE, "lots")
    status, printed = run(capsys, "check", pictures)
    assert status == 2
    assert f"{VARIABLE} must be a number of pixels, as 200000000, got 'lots'" in printed.err


def names_of(verb) -> set[str]:
    return {parameter.name for parameter in verb.get_params(Context(verb))}


def test_every_verb_that_reads_pictures_has_the_flag():
    verbs = get_command(app).commands
    having = {name for name, verb in verbs.items() if "max_pixels" in names_of(verb)}
    assert having == {"check", "train", "val", "predict", "explain", "serve", "suspects", "next", "compare"}
    assert (
        Recipe.model_fields["max_pixels"].default is None
    )  # a run's folder, a stranger's perhaps, allows no more
    assert "max_pixels" in IMAGE_OPTIONS
