"""A seeded sample of the stress tests (`make stress` runs them all): no case with a fault."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def stress(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m stress`` in a process of its own, which forks and must have no threads."""
    paths = [str(TESTS), *(path for path in sys.path if path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "stress", *arguments, "--folder", str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_sample_of_damage_kills_and_full_disks_is_answered_as_it_should_be(tmp_path):
    done = stress(tmp_path, "--sample")
    assert done.returncode == 0, done.stdout + done.stderr
