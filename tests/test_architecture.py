"""ARCHITECTURE.md names every file as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_list_of_files_is_true():
    ask = [sys.executable, str(ROOT / "docs" / "list_files.py"), "--check"]
    answer = subprocess.run(ask, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
