"""Several processes train one run, in one folder, and what it says is of all images."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from cli.process import run as weldon
from cli.process import run_ranks
from weldon.data.scenes import make_scenes, write_scenes
from weldon.evaluation import evaluate
from weldon.metrics import best_f1_threshold
from weldon.report.scored_split import score_split
from weldon.runs.run_directory import RunDirectory

COMMAND = """
train scenes --labels scenes/labels.csv --model test_resnet --weights none --image-size 64 -b 4 -j 0
--epochs 2 --device cpu --devices 2 --strategy ddp
"""
VALIDATED = 15  # no multiple of the processes: one of them sees an image twice


def start(folder, arguments):
    """Run ``weldon`` in ``folder`` as a shell does, in processes of its own."""
    (folder / "run.py").write_text("from weldon.cli import main\nmain()\n")
    command = [sys.executable, "run.py", *arguments.split()]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    splits = {"train": 17, "val": VALIDATED}
    write_scenes(folder / "scenes", {name: make_scenes(n, split=name, seed=0) for name, n in splits.items()})
    done = start(folder, COMMAND)
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr
    assert [place.name for place in (folder / "runs").iterdir()] == ["train"]
    return RunDirectory(folder / "runs" / "train")


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_two_processes_write_one_run(run):
    assert run.manifest.is_file()
    assert len(rows_of(run.metrics)) == 2


@pytest.mark.slow
def test_what_two_processes_write_is_of_all_validation_images(run):
    alone = evaluate(run, device="cpu")  # one process, the same weights
    assert alone["images"] == VALIDATED
    assert run.manifest_values["validation"]["map"] == pytest.approx(alone["map"], abs=1e-6)
    for row in rows_of(run.report / "per_class.csv"):
        measured = alone["per_class"][row["class"]]
        assert int(row["positives"]) == measured["positives"]
        assert float(row["ap"]) == pytest.approx(measured["ap"], abs=1e-6)
    assert f"mAP {alone['map']:.4f}; run in" in run.log.read_text()


@pytest.mark.slow
def test_the_thresholds_of_two_processes_are_fitted_on_all_validation_images(run):
    alone = score_split(run, "val", device="cpu")
    fitted = best_f1_threshold(alone.scores, *alone.labels)
    stored = json.loads(run.thresholds.read_text())["classes"]
    assert list(stored.values()) == pytest.approx(fitted.tolist(), abs=1e-5)


@pytest.mark.slow
def test_the_lines_of_the_epochs_count_every_validation_image_once(run):
    alone = evaluate(run, device="cpu")
    best = run.manifest_values["validation"]["best_epoch"]
    assert float(rows_of(run.metrics)[best]["val/map"]) == pytest.approx(alone["map"], abs=1e-5)


def train_on_two_machines(folder, command):
    """Train as ``COMMAND`` does, one process on each machine, and return what they say."""
    done = run_ranks(folder, *command.replace("--devices 2", "--devices 1 --nodes 2").split())
    assert [machine.code for machine in done] == [0, 0], done
    return [machine.said for machine in done]


@pytest.mark.slow
def test_two_machines_train_the_run_of_two_processes(run):
    """Each machine is a group of processes here: the command, once a machine, with its number."""
    folder = run.path.parents[1]
    said = train_on_two_machines(folder, f"{COMMAND} --out nodes")
    two = RunDirectory(folder / "nodes")
    learnt, again = (load_file(one.best) for one in (run, two))
    assert all(torch.equal(learnt[name], again[name]) for name in learnt)
    for name in ("thresholds.json", "splits.csv", "report/per_class.csv"):
        assert (two.path / name).read_bytes() == (run.path / name).read_bytes(), name
    assert two.manifest_values["validation"] == run.manifest_values["validation"]
    assert "report:" in said[0]
    assert "report:" not in said[1]  # one machine writes


@pytest.mark.slow
def test_two_processes_train_from_shards_the_run_of_the_files(run):
    """Each reads the places of its own share; weights, thresholds and figures are those of the files."""
    folder = run.path.parents[1]
    done = weldon(folder, "data", "shards", "scenes", "--labels", "scenes/labels.csv", "--out", "shards")
    assert done.code == 0, done.said
    command = COMMAND.replace("scenes --labels scenes/labels.csv", "shards") + " --out from-shards"
    train_on_two_machines(folder, command)
    two = RunDirectory(folder / "from-shards")
    learnt, again = (load_file(one.best) for one in (run, two))
    assert all(torch.equal(learnt[name], again[name]) for name in learnt)
    for name in ("thresholds.json", "splits.csv", "report/per_class.csv"):
        assert (two.path / name).read_bytes() == (run.path / name).read_bytes(), name
    assert two.manifest_values["validation"] == run.manifest_values["validation"]


STOPPED = """
import os, signal, sys
from weldon.cli import main
from weldon.training.module import TrainingModule
step = TrainingModule.training_step
def stopped(module, batch, index):
    if module.trainer.current_epoch == 1 and os.environ.get("LOCAL_RANK", "0") == "0":
        os.kill(os.getpid(), signal.SIGTERM)
    return step(module, batch, index)
TrainingModule.training_step = stopped
main()
"""


@pytest.mark.slow
def test_sigterm_ends_all_processes_and_the_replacement_goes_on(run):
    """The last test of the file: it replaces the run that the others read."""
    folder = run.path.parents[1]
    before = run.best.read_bytes()
    (folder / "stopped.py").write_text(STOPPED)
    again = f"{COMMAND} --seed 1 --out runs/train --overwrite"
    command = [sys.executable, "stopped.py", *again.split()]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 143, ended.stderr
    assert ended.stderr.count("told to end") == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    assert run.best.read_bytes() == before
    train_on_two_machines(folder, f"{again} --resume")
    assert [place.name for place in (folder / "runs").iterdir()] == ["train"]
    assert "seed = 1" in run.config.read_text()
    assert len(rows_of(run.metrics)) == 2
