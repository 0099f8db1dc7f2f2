"""A disk that is full in the middle of training is a sentence; with room again the run goes on exactly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cli.process import TRAIN, at, few_scenes, fill, run
from weldon.runs.run_directory import RunDirectory


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A folder with photographs, a whole run, and ``disk``, a disk of 40 MB."""
    folder = tmp_path_factory.mktemp("full")
    few_scenes(folder)
    (folder / "disk").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder / "disk")]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("a small disk can only be mounted by root on Linux")
    assert run(folder, *TRAIN, "--out", "whole").code == 0
    yield folder
    subprocess.run(["umount", "-l", folder / "disk"], check=True)


@pytest.mark.parametrize(
    ("moment", "leave"), [("start", 0), ("step", 0), ("epoch", 0), ("epoch", 2**16), ("evaluation", 0)]
)
def test_a_full_disk_is_a_sentence_and_the_run_goes_on_with_room_again(home, moment, leave):
    disk = home / "disk"
    out = RunDirectory(disk / f"{moment}{leave}")
    stopped = run(home, *TRAIN, "--out", out.path, before=(at, moment, fill, disk, leave))
    (disk / "filler").unlink()
    assert stopped.code == 1, stopped.said
    assert stopped.said.count("no room left on the disk") == 1, stopped.said
    assert "Traceback" not in stopped.said
    assert str(out.path) in stopped.said.splitlines()[-1]
    again = [] if moment == "start" else ["--resume"]
    resumed = run(home, *TRAIN, "--out", out.path, *again)
    assert resumed.code == 0, resumed.said
    states = [
        torch.load(r.last, weights_only=True)["state_dict"] for r in (out, RunDirectory(home / "whole"))
    ]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    assert out.best.read_bytes() == (home / "whole" / "weights" / "best.safetensors").read_bytes()
    subprocess.run(["rm", "-r", out.path], check=True)
