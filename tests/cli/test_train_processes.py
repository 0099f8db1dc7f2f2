"""Several processes train one run, in one folder."""

from __future__ import annotations

import csv
import subprocess
import sys

import pytest

from weldon.data.scenes import make_scenes, write_scenes

COMMAND = """
train scenes --labels scenes/labels.csv --model test_resnet --weights none --image-size 64 -b 8 -j 0
--epochs 1 --device cpu --devices 2 --strategy ddp
"""


@pytest.mark.slow
def test_two_processes_write_one_run(tmp_path):
    write_scenes(tmp_path / "scenes", {"train": make_scenes(16, split="train", seed=0)})
    (tmp_path / "run.py").write_text("from weldon.cli import main\nmain()\n")
    done = subprocess.run(
        [sys.executable, "run.py", *COMMAND.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr
    assert [folder.name for folder in (tmp_path / "runs").iterdir()] == ["train"]
    assert (tmp_path / "runs" / "train" / "manifest.json").is_file()
    with (tmp_path / "runs" / "train" / "metrics.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 1
