"""A pooling, a loss, a form of labels and an annotation format are each itself and one line, to the last flag.

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
        rows.append(Row(f"{path.name} line {number}", name, frozenset(labels.split())))
    return Told(path, "colons", rows)


FORM = FileForm((".colons",), read_colons, usual=("labels.colons",))
'''

FORMAT = '''
"""A file a data set: a JSON object from the name of an image to its boxes."""

from weldon.data import AnnotationSet, Box, ImageAnnotation
from weldon.data.formats.format import AnnotationFormat
from weldon.files import read_json, write_json


def write_plain(folder, images, classes, photos):
    boxes = {i.file_name: [[b.label, b.x1, b.y1, b.x2, b.y2] for b in i.boxes] for i in images}
    write_json(folder / "plain.json", {"plain": boxes, "classes": list(classes)})


def read_plain(path):
    content = read_json(path)
    images = [ImageAnnotation(n, 64, 64, tuple(Box(*b) for b in boxes)) for n, boxes in content["plain"].items()]
    return AnnotationSet(tuple(images), tuple(content["classes"]))


FORMAT = AnnotationFormat(
    write_plain, read_plain, "plain boxes (.json)", (".json",), lambda candidate: "plain" in candidate.content
)
'''


@pytest.fixture
def weldon(tmp_path):
    """Run the command line in a fresh process with one more file and one more line."""

    def run(file: str, line: str, *arguments: object) -> SimpleNamespace:
        (tmp_path / "itself.py").write_text(file)
        (tmp_path / "main.py").write_text(f"{line}\nfrom weldon.cli import main\nmain()\n")
        paths = os.pathsep.join([str(SRC), str(tmp_path)])
        done = subprocess.run(
            [sys.executable, "main.py", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        return SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr)

    return run


def done(said: SimpleNamespace) -> SimpleNamespace:
    """Give the answer on, of a command that succeeded."""
    assert said.code == 0, said.err
    return said


def test_a_pooling_with_an_option_of_its_own(weldon, scenes, tmp_path):
    new = (POOLING, 'from weldon.pooling import POOLINGS\nPOOLINGS["power"] = "itself:PowerPool"')
    helped = done(weldon(*new, "train", "--help")).out
    assert "--power" in helped
    assert "to which a region is raised (power) [3.0]" in " ".join(helped.split())
    refused = weldon(*new, "train", scenes, "--pool", "max", "--power", 2, "--out", "no", *TINY)
    assert (refused.code, "pooling 'max' has no options, got power" in refused.err) == (2, True)
    refused = weldon(*new, "train", scenes, "--pool", "power", "--power", "nan", "--out", "no", *TINY)
    assert (refused.code, "power" in refused.err) == (2, True)
    done(weldon(*new, "train", scenes, "--pool", "power", "--power", 2.5, "--out", "run", *TINY))
    assert "power = 2.5" in (tmp_path / "run" / "config.toml").read_text()
    assert "averaged, add up to" not in (tmp_path / "run" / "report" / "index.html").read_text()
    image = scenes / "val" / "00000.png"
    done(weldon(*new, "predict", "run", image, "--out", "pred", "--boxes"))
    explained = json.loads(done(weldon(*new, "explain", "run", image, "--class", "3", "--json")).out)
    assert abs(explained["remainder"]) > 1e-6  # the power bends what the regions add up to


def test_a_loss_with_an_option_of_its_own(weldon, scenes, tmp_path):
    new = (LOSS, 'from weldon.losses import LOSSES\nLOSSES["squared"] = "itself:SquaredTraining"')
    assert "factor on the square (squared)" in " ".join(done(weldon(*new, "train", "--help")).out.split())
    wrong = weldon(*new, "train", scenes, "--loss", "squared", "--task", "multiclass", "--out", "no", *TINY)
    assert (wrong.code, "loss 'squared' needs --task multilabel" in wrong.err) == (2, True)
    losses = {}
    for steepness in (1, 4):
        out = f"run{steepness}"
        done(
            weldon(
                *new,
                "train",
                scenes,
                "--loss",
                "squared",
                "--steepness",
                steepness,
                "--lr",
                1e-9,
                "--lrp",
                0,
                "--no-augment",
                "--out",
                out,
                *TINY,
            )
        )
        (row,) = (tmp_path / out / "metrics.csv").read_text().splitlines()[1:]
        header = (tmp_path / out / "metrics.csv").read_text().splitlines()[0].split(",")
        losses[steepness] = float(row.split(",")[header.index("train/loss")])
    assert losses[4] == pytest.approx(4 * losses[1], rel=1e-3)


def test_a_form_of_labels(weldon, scenes, tmp_path):
    new = (
        LABELS,
        "import itself\nfrom weldon.data.labels.forms import FILE_FORMS\nFILE_FORMS.append(itself.FORM)",
    )
    rows = [
        f"train/{path.name}: {number % 3}" for number, path in enumerate(sorted((scenes / "train").iterdir()))
    ]
    (tmp_path / "mine.colons").write_text("\n".join(rows))
    labels = ("--labels", tmp_path / "mine.colons")
    found = json.loads(done(weldon(*new, "check", scenes, *labels, "--json")).out)
    assert found["images"] == 24
    trained = done(weldon(*new, "train", scenes, *labels, "--out", "run", "--json", *TINY))
    assert sum(json.loads(trained.out)["images"].values()) == 24
    assert (tmp_path / "run" / "classes.txt").read_text().split() == ["0", "1", "2"]
    other = weldon(*new, "check", scenes, "--labels", scenes / "train" / "00000.png")
    assert (other.code, ".colons" in other.err) == (2, True)


def test_an_annotation_format(weldon, scenes, tmp_path):
    new = (
        FORMAT,
        'import itself\nfrom weldon.data.formats.registry import FORMATS\nFORMATS["plain"] = itself.FORMAT',
    )
    done(weldon(*new, "train", scenes, "--labels", scenes / "labels.csv", "--out", "run", *TINY))
    done(weldon(*new, "predict", "run", scenes / "val", "--out", "pred", "--boxes", "--to", "plain"))
    written = json.loads((tmp_path / "pred" / "plain.json").read_text())["plain"]
    assert len(written) == 16
    assert any(written.values())
    # A truth of one large box an image, in the new format: what val reads, it measures against.
    truth = {f"val/{Path(name).name}": [["3", 0, 0, 64, 64]] for name in written}
    (tmp_path / "truth.json").write_text(json.dumps({"plain": truth, "classes": ["3"]}))
    measured = done(weldon(*new, "val", "run", "--boxes", "truth.json", "--json"))
    assert json.loads(measured.out)["pointwise_classes"]["3"]["images"] == 16
    unknown = weldon(*new, "predict", "run", scenes / "val", "--to", "other")
    assert (unknown.code, "plain" in unknown.err) == (2, True)
