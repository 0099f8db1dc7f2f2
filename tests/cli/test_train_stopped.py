"""A run that is stopped or killed loses nothing: what was there stays, and it goes on exactly."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from cli.process import TRAIN, few_scenes, finish, run, signal_at, signal_in_predict, start
from weldon.runs.run_directory import RunDirectory


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A folder with photographs, labels and one whole run, ``runs/whole``."""
    folder = tmp_path_factory.mktemp("stopped")
    few_scenes(folder)
    assert train(folder, "--out runs/whole").code == 0
    return folder


def train(folder, options, moment=None, number=0):
    """Run ``weldon train`` in a process of its own, which gets a signal at ``moment``."""
    return run(folder, *TRAIN, *options.split(), before=moment and (signal_at, moment, number))


def weights(run):
    """Return everything that was learnt: the last state and the best one."""
    last = torch.load(run.last, weights_only=True)["state_dict"]
    return {f"last {name}": value for name, value in last.items()} | load_file(run.best)


def assert_same(first, second):
    """Compare two runs to the bit."""
    learnt, again = weights(first), weights(second)
    assert learnt.keys() == again.keys()
    assert all(torch.equal(learnt[name], value) for name, value in again.items())
    for path in ("thresholds.json", "splits.csv", "classes.txt", "report/per_class.csv"):
        assert (first.path / path).read_bytes() == (second.path / path).read_bytes()


def tree(folder):
    """Return every file of a folder but the lock."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
@pytest.mark.parametrize("moment", ["step", "epoch", "evaluation"])
def test_a_run_that_was_stopped_goes_on_to_the_same_weights(home, number, moment):
    name = f"runs/{moment}{number}"
    cut = train(home, f"--out {name}", moment=moment, number=number)
    if number == signal.SIGKILL:
        assert cut.code == -signal.SIGKILL
    else:
        assert cut.code == 128 + number
        assert cut.said.count(f"the same command with --resume --out {name} goes on") == 1, cut.said
        assert "Traceback" not in cut.said
    resumed = train(home, f"--out {name} --resume")
    assert resumed.code == 0, resumed.said
    assert_same(RunDirectory(home / "runs" / "whole"), RunDirectory(home / name))
    assert not list((home / name).rglob("*.part"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
@pytest.mark.parametrize("moment", ["labels", "start"])
def test_a_run_that_was_stopped_before_it_learnt_anything_starts_again(home, number, moment):
    name = f"runs/{moment}{number}"
    cut = train(home, f"--out {name}", moment=moment, number=number)
    if number == signal.SIGTERM:
        assert (cut.code, "nothing to resume" in cut.said) == (143, True), cut.said
    again = train(home, f"--out {name}")
    assert again.code == 0, again.said
    assert_same(RunDirectory(home / "runs" / "whole"), RunDirectory(home / name))


@pytest.fixture
def old(home) -> Path:
    """A finished run that nobody wants to lose."""
    path = home / "runs" / "old"
    if not path.exists():
        assert train(home, "--out runs/old --seed 5 --epochs 1").code == 0
    return path


BAD = [
    "--k 1.0",
    "--labels nowhere.csv",
    "--labels broken.csv",
    "--weights nowhere.safetensors",
    "--config nowhere.toml",
    "--image-size 70",
    "--val 1.5",
    "--epochs 0",
]


@pytest.mark.parametrize("options", BAD)
def test_a_command_that_is_refused_leaves_the_old_run_to_the_byte(home, old, options):
    (home / "broken.csv").write_text("file_name,labels\nnowhere.png,cat\n")
    before = tree(old)
    refused = train(home, f"--out runs/old --overwrite {options}")
    assert refused.code in (1, 2), refused.said
    assert tree(old) == before
    assert not (home / "runs" / ".old.new").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
def test_an_old_run_stands_until_its_replacement_is_finished(home, old, number):
    before = tree(old)
    cut = train(home, "--out runs/old --overwrite", moment="step", number=number)
    assert tree(old) == before
    if number != signal.SIGKILL:
        assert "the old run in runs/old stands as it was" in cut.said
        assert "--resume --out runs/old --overwrite goes on" in cut.said
    resumed = train(home, "--out runs/old --overwrite --resume")
    assert resumed.code == 0, resumed.said
    assert_same(RunDirectory(home / "runs" / "whole"), RunDirectory(old))
    assert not list(old.parent.glob(".old*"))


def test_two_runs_at_once_get_a_folder_each(home, tmp_path):
    (tmp_path / "scenes").symlink_to(home / "scenes")
    both = [start(tmp_path, *TRAIN, "--epochs", "1") for _ in range(2)]
    assert [finish(process).code for process in both] == [0, 0]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["train", "train2"]


def test_a_second_run_in_the_same_folder_is_refused(home):
    held = start(home, *TRAIN, "--out", "runs/held", before=(signal_at, "step", signal.SIGSTOP))
    try:
        wait_until_it_stands_still(held)
        before = tree(home / "runs" / "held")
        for flag in ("", "--resume", "--overwrite"):
            second = train(home, f"--out runs/held {flag}")
            assert (second.code, "another process is training" in second.said) == (2, True), second.said
        assert tree(home / "runs" / "held") == before
    finally:
        held.kill()
    assert finish(held).code == -signal.SIGKILL
    resumed = train(home, "--out runs/held --resume")  # a kill frees the folder at once
    assert resumed.code == 0, resumed.said


def wait_until_it_stands_still(process):
    status = Path(f"/proc/{process.pid}/stat")
    for _ in range(600):
        if status.read_text().rpartition(")")[2].split()[0] == "T":
            return
        time.sleep(0.1)
    raise AssertionError("it did not stop")


@pytest.mark.parametrize("damage", ["cut", "flip", "other", "empty"])
def test_a_damaged_checkpoint_is_a_sentence_with_the_way_out(home, damage):
    run = RunDirectory(home / "runs" / f"damaged-{damage}")
    train(home, f"--out {run.path}", moment="step", number=signal.SIGKILL)
    content = bytearray(run.last.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flip":
        content[len(content) // 2] ^= 255
    elif damage == "empty":
        content = b""
    run.last.write_bytes(content)
    if damage == "other":
        torch.save({"state_dict": {"net.transfer.weight": torch.ones(1)}}, run.last)
    before = tree(run.path)
    refused = train(home, f"--out {run.path} --resume")
    assert refused.code == 1, refused.said
    assert re.search(r"last\.ckpt is damaged .* start again with --overwrite", refused.said)
    assert "Traceback" not in refused.said
    assert {name: kept for name, kept in tree(run.path).items() if name.suffix != ".log"} == {
        name: kept for name, kept in before.items() if name.suffix != ".log"
    }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_other_commands_say_that_they_were_stopped(home, number):
    done = run(
        home, "predict", "runs/whole", "scenes/val", "--out", "pred", before=(signal_in_predict, number)
    )
    assert (done.code, done.said.count("\n")) == (128 + number, 1), done.said
