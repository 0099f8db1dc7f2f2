"""A pooling, a loss, a form of labels and an annotation format are each itself and one line.

The tests write what an engineer would write, a file and the line of a registry, and run the command line.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.slow  # they train in a process of its own
SRC = Path(__file__).resolve().parents[1] / "src"
TINY = ["--model", "test_resnet", "--weights", "none", "--image-size", "64", "-b", "8", "-j", "0"]
TINY += ["--epochs", "1", "--device", "cpu"]

POOLING = '''
"""The power mean of the regions, with the sign of each."""

import torch

from weldon.pooling.regions import RegionPool, fill_padding, flatten_regions


class PowerPool(RegionPool):
    """Average the regions, each raised to a power.

    Args:
        power: to which a region is raised.
    """

    adds_up = False

    def __init__(self, *, power: float = 3.0) -> None:
        super().__init__()
        self.power = power

    def forward(self, scores, mask=None):
        regions, real = flatten_regions(scores, mask)
        raised = fill_padding(regions.sign() * regions.abs() ** self.power, real, 0.0)
        return raised.sum(-1) / (regions.shape[-1] if real is None else real.sum(-1, keepdim=True))

    def region_weights(self, scores, mask=None):
        regions, real = flatten_regions(scores, mask)
        weights = fill_padding(torch.full_like(regions, 1 / regions.shape[-1]), real, 0.0)
        return weights, torch.zeros_like(weights)
'''

LOSS = '''
"""The squared distance from 1 where a class is present, from 0 where it is not."""

from weldon.losses import TrainingLoss


class SquaredTraining(TrainingLoss):
    """Square the distance.

    Args:
        steepness: factor on the square.
    """

    tasks = ("multilabel",)
    weighs_images = False

    def __init__(self, *, steepness: float = 2.0) -> None:
        self.steepness = steepness

    def __call__(self, scores, batch):
        return self.steepness * ((scores - batch["target"]) ** 2 * batch["known"]).mean()
'''

LABELS = '''
"""Lines such as `00001.png: 3 8`."""

from weldon.data.labels.label_file import FileForm, Told
from weldon.data.labels.rows import Row


def read_colons(path, root, options):
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        name, _, labels = line.partition(": ")
        rows.append(Row.of(f"{path.name} line {number}", name, frozenset(labels.split())))
    return Told(path, "colons", rows)


FORM = FileForm((".colons",), read_colons, usual=("labels.colons",))
'''

FORMAT = '''
"""A file a data set: a JSON object from the name of an image to its boxes."""

from weldon.data import AnnotationSet, Box, ImageAnnotation
from weldon.data.formats.annotation import AnnotationFormat
from weldon.files import read_json, write_json


def write_plain(folder, images, classes, photos):
    boxes = {i.file_name: [[b.label, b.x1, b.y1, b.x2, b.y2] for b in i.boxes] for i in images}
    write_json(folder / "plain.json", {"plain": boxes, "classes": list(classes)})


def read_plain(path):
    content = read_json(path)
    boxes = {name: tuple(Box(*one) for one in marks) for name, marks in content["plain"].items()}
    images = tuple(ImageAnnotation(name, 64, 64, marks) for name, marks in boxes.items())
    return AnnotationSet(images, tuple(content["classes"]))


FORMAT = AnnotationFormat(
    write_plain, read_plain, "plain boxes (.json)", (".json",), lambda candidate: "plain" in candidate.content
)
'''


MAIN = """
import contextlib, io, json, sys

{line}
from weldon.cli import main

answers = []
for arguments in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            main(arguments)
        except SystemExit as left:
            code = left.code
    answers.append([code, out.getvalue(), err.getvalue()])
json.dump(answers, sys.stdout)
"""


FILES = {"power": POOLING, "squared": LOSS, "colons": LABELS, "plain": FORMAT}
LINES = """
import colons, plain
from weldon.data.formats.registry import FORMATS; FORMATS["plain"] = plain.FORMAT
from weldon.data.labels.forms import FILE_FORMS; FILE_FORMS.append(colons.FORM)
from weldon.losses import LOSSES; LOSSES["squared"] = "squared:SquaredTraining"
from weldon.pooling import POOLINGS; POOLINGS["power"] = "power:PowerPool"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory, scenes):
    """A folder with what an engineer would write, and with what the commands of the tests read."""
    folder = tmp_path_factory.mktemp("registries")
    for name, content in FILES.items():
        (folder / f"{name}.py").write_text(content)
    (folder / "main.py").write_text(MAIN.format(line=LINES))
    names = sorted(path.name for path in (scenes / "train").iterdir())
    (folder / "mine.colons").write_text("".join(f"train/{n}: {i % 3}\n" for i, n in enumerate(names)))
    truth = {f"val/{path.name}": [["3", 0, 0, 64, 64]] for path in (scenes / "val").iterdir()}
    (folder / "truth.json").write_text(json.dumps({"plain": truth, "classes": ["3"]}))
    return folder


@pytest.fixture(scope="module")
def answers(home, scenes):
    """What the commands said, one after the other in one fresh process: its imports are what takes time."""
    commands = {name: [str(word) for word in words] for name, words in all_commands(home, scenes).items()}
    process = subprocess.run(
        [sys.executable, "main.py"],
        input=json.dumps(list(commands.values())),
        cwd=home,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SRC), str(home)]), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert process.returncode == 0, process.stderr
    names = ("code", "out", "err")
    said = [SimpleNamespace(**dict(zip(names, one, strict=True))) for one in json.loads(process.stdout)]
    return dict(zip(commands, said, strict=True))


def all_commands(home, scenes):
    """Return the commands of all tests by name, in their order."""
    train, image = ["train", scenes, *TINY], scenes / "val" / "00000.png"
    still = [*train, "--loss", "squared", "--lr", 1e-9, "--lrp", 0, "--no-augment"]
    mine = ("--labels", home / "mine.colons")
    return {
        "help": ["train", "--help"],
        "strange": [*train, "--pool", "max", "--power", 2, "--out", "no"],
        "no number": [*train, "--pool", "power", "--power", "nan", "--out", "no"],
        "power": [*train, "--pool", "power", "--power", 2.5, "--out", "power"],
        "predict": ["predict", "power", image, "--out", "pred", "--boxes"],
        "explain": ["explain", "power", image, "--class", "3", "--json"],
        "wrong task": [*still, "--task", "multiclass", "--out", "no"],
        "loss 1": [*still, "--steepness", 1, "--out", "loss1"],
        "loss 4": [*still, "--steepness", 4, "--out", "loss4"],
        "check": ["check", scenes, *mine, "--json"],
        "train on labels": [*train, *mine, "--out", "colons", "--json"],
        "check other": ["check", scenes, "--labels", sorted((scenes / "train").iterdir())[0]],
        "write plain": ["predict", "loss1", scenes, "--out", "plain", "--boxes", "--to", "plain"],
        "read plain": ["val", "loss1", "--boxes", "plain/plain.json"],
        "measure plain": ["val", "loss1", "--boxes", "truth.json", "--json"],
        "other format": ["predict", "loss1", scenes / "val", "--to", "other"],
    }


def succeeded(*said: SimpleNamespace) -> None:
    """Fail with what a command said that failed."""
    for one in said:
        assert one.code == 0, one.err


def refused(said: SimpleNamespace, words: str) -> bool:
    """Say whether a command was refused as used wrongly, with some words."""
    return said.code == 2 and words in " ".join(said.err.split())


def test_a_pooling_with_an_option_of_its_own(answers, home):
    succeeded(*(answers[name] for name in ("help", "power", "predict", "explain")))
    assert "to which a region is raised (power) [3.0]" in " ".join(answers["help"].out.split())
    assert refused(answers["strange"], "pooling 'max' has no options, got power")
    assert refused(answers["no number"], "power")
    assert "power = 2.5" in (home / "power" / "config.toml").read_text()
    assert "averaged, add up to" not in (home / "power" / "report" / "index.html").read_text()
    told = json.loads(answers["explain"].out)["classes"]["3"]
    rows = list(csv.DictReader((home / "pred" / "predictions.csv").read_text().splitlines()))
    assert {row["class"]: float(row["score"]) for row in rows}["3"] == pytest.approx(told["score"], abs=1e-5)
    assert abs(told["remainder"]) > 1e-6  # what the power bends


def test_a_loss_with_an_option_of_its_own(answers, home):
    succeeded(*(answers[name] for name in ("help", "loss 1", "loss 4")))
    assert "factor on the square (squared)" in " ".join(answers["help"].out.split())
    assert refused(answers["wrong task"], "loss 'squared' needs --task multilabel")
    tables = [(home / f"loss{n}" / "metrics.csv").read_text().splitlines() for n in (1, 4)]
    one, four = (
        float(dict(zip(table[0].split(","), table[1].split(","), strict=True))["train/loss"])
        for table in tables
    )
    assert four == pytest.approx(4 * one, rel=1e-3)


def test_a_form_of_labels(answers, home):
    succeeded(answers["check"], answers["train on labels"])
    assert json.loads(answers["check"].out)["images"] == 24
    assert sum(json.loads(answers["train on labels"].out)["images"].values()) == 24
    assert (home / "colons" / "classes.txt").read_text().split() == ["0", "1", "2"]
    assert refused(answers["check other"], ".colons")


def test_an_annotation_format(answers, home):
    succeeded(*(answers[name] for name in ("write plain", "read plain", "measure plain")))
    assert len(json.loads((home / "plain" / "plain.json").read_text())["plain"]) == 48
    measured = json.loads(answers["measure plain"].out)
    assert measured["pointing_accuracy"] == 1.0  # the best place lies in a box over all
    assert refused(answers["other format"], "plain")
