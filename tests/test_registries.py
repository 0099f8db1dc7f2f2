"""A pooling, a loss, a form of labels and an annotation format are each itself and one line.

Every test writes what an engineer would write, a file and the line of a registry, and runs the command line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.slow  # each trains in a process of its own
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


@pytest.fixture
def weldon(tmp_path):
    """Run commands, one after the other, in a fresh process with one more file and one more line."""

    def run(file: str, line: str, *commands: list[object]) -> list[SimpleNamespace]:
        (tmp_path / "itself.py").write_text(file)
        (tmp_path / "main.py").write_text(MAIN.format(line=line))
        paths = os.pathsep.join([str(SRC), str(tmp_path)])
        process = subprocess.run(
            [sys.executable, "main.py"],
            input=json.dumps([[str(word) for word in command] for command in commands]),
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert process.returncode == 0, process.stderr
        names = ("code", "out", "err")
        return [SimpleNamespace(**dict(zip(names, one, strict=True))) for one in json.loads(process.stdout)]

    return run


def succeeded(*said: SimpleNamespace) -> None:
    """Fail with what a command said that failed."""
    for one in said:
        assert one.code == 0, one.err


def refused(said: SimpleNamespace, words: str) -> bool:
    """Say whether a command was refused as used wrongly, with some words."""
    return said.code == 2 and words in " ".join(said.err.split())


def test_a_pooling_with_an_option_of_its_own(weldon, scenes, tmp_path):
    image = scenes / "val" / "00000.png"
    train = ["train", scenes, *TINY]
    helped, strange, no_number, *done, explained = weldon(
        POOLING,
        'from weldon.pooling import POOLINGS; POOLINGS["power"] = "itself:PowerPool"',
        ["train", "--help"],
        [*train, "--pool", "max", "--power", 2, "--out", "no"],
        [*train, "--pool", "power", "--power", "nan", "--out", "no"],
        [*train, "--pool", "power", "--power", 2.5, "--out", "run"],
        ["predict", "run", image, "--out", "pred", "--boxes"],
        ["explain", "run", image, "--class", "3", "--json"],
    )
    succeeded(helped, *done, explained)
    assert "to which a region is raised (power) [3.0]" in " ".join(helped.out.split())
    assert refused(strange, "pooling 'max' has no options, got power")
    assert refused(no_number, "power")
    assert "power = 2.5" in (tmp_path / "run" / "config.toml").read_text()
    assert "averaged, add up to" not in (tmp_path / "run" / "report" / "index.html").read_text()
    assert (tmp_path / "pred" / "predictions.csv").is_file()
    assert abs(json.loads(explained.out)["classes"]["3"]["remainder"]) > 1e-6  # what the power bends


def test_a_loss_with_an_option_of_its_own(weldon, scenes, tmp_path):
    still = ["train", scenes, "--loss", "squared", "--lr", 1e-9, "--lrp", 0, "--no-augment", *TINY]
    helped, wrong, *done = weldon(
        LOSS,
        'from weldon.losses import LOSSES; LOSSES["squared"] = "itself:SquaredTraining"',
        ["train", "--help"],
        [*still, "--task", "multiclass", "--out", "no"],
        *([*still, "--steepness", steepness, "--out", f"run{steepness}"] for steepness in (1, 4)),
    )
    succeeded(helped, *done)
    assert "factor on the square (squared)" in " ".join(helped.out.split())
    assert refused(wrong, "loss 'squared' needs --task multilabel")
    tables = [(tmp_path / f"run{n}" / "metrics.csv").read_text().splitlines() for n in (1, 4)]
    one, four = (
        float(dict(zip(table[0].split(","), table[1].split(","), strict=True))["train/loss"])
        for table in tables
    )
    assert four == pytest.approx(4 * one, rel=1e-3)


def test_a_form_of_labels(weldon, scenes, tmp_path):
    names = sorted(path.name for path in (scenes / "train").iterdir())
    (tmp_path / "mine.colons").write_text("".join(f"train/{n}: {i % 3}\n" for i, n in enumerate(names)))
    labels = ("--labels", tmp_path / "mine.colons")
    checked, trained, other = weldon(
        LABELS,
        "import itself; from weldon.data.labels.forms import FILE_FORMS; FILE_FORMS.append(itself.FORM)",
        ["check", scenes, *labels, "--json"],
        ["train", scenes, *labels, "--out", "run", "--json", *TINY],
        ["check", scenes, "--labels", scenes / "train" / names[0]],
    )
    succeeded(checked, trained)
    assert json.loads(checked.out)["images"] == 24
    assert sum(json.loads(trained.out)["images"].values()) == 24
    assert (tmp_path / "run" / "classes.txt").read_text().split() == ["0", "1", "2"]
    assert refused(other, ".colons")


def test_an_annotation_format(weldon, scenes, tmp_path):
    truth = {f"val/{path.name}": [["3", 0, 0, 64, 64]] for path in (scenes / "val").iterdir()}
    (tmp_path / "truth.json").write_text(json.dumps({"plain": truth, "classes": ["3"]}))
    *done, measured, unknown = weldon(
        FORMAT,
        "import itself; from weldon.data.formats.registry import FORMATS; FORMATS['plain'] = itself.FORMAT",
        ["train", scenes, "--labels", scenes / "labels.csv", "--out", "run", *TINY],
        ["predict", "run", scenes, "--out", "pred", "--boxes", "--to", "plain"],
        ["val", "run", "--boxes", "pred/plain.json"],
        ["val", "run", "--boxes", "truth.json", "--json"],
        ["predict", "run", scenes / "val", "--to", "other"],
    )
    succeeded(*done, measured)
    assert len(json.loads((tmp_path / "pred" / "plain.json").read_text())["plain"]) == 48
    assert json.loads(measured.out)["pointing_accuracy"] == 1.0  # the best place lies in a box over all
    assert refused(unknown, "plain")
