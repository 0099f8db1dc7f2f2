"""Results as JSON, with everything needed to repeat them: command, commit, date, machine, versions."""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from weldon.files import write_text

FOLDER = Path(__file__).parent / "results"


def write_results(name: str, values: Any) -> Path:
    """Write ``benchmarks/results/NAME.json`` and return its path."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    write_text(path, json.dumps({"provenance": provenance(), "results": values}, indent=1) + "\n")
    return path


def read_results(name: str) -> Any:
    """Return the results of an earlier run, or an empty dict."""
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text())["results"] if path.exists() else {}


def provenance() -> dict[str, Any]:
    packages = ("torch", "torchvision", "timm", "lightning", "numpy")
    return {
        "command": " ".join(["python", *(Path(a).name if "/" in a else a for a in sys.argv)]),
        "commit": commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{processor()}, {torch.get_num_threads()} threads",
        "packages": {package: version(package) for package in packages},
        "python": platform.python_version(),
    }


def commit() -> str:
    """Return the commit that ran, marked "-dirty" where code of src or benchmarks differs from it."""
    changed = git("status", "--porcelain", "--", "../src", "*.py")
    return (git("rev-parse", "--short=10", "HEAD") or "unknown") + ("-dirty" if changed else "")


def git(*words: str) -> str:
    """Return what git answers in this folder; nothing where it cannot."""
    ask = ["git", "-C", str(Path(__file__).parent), *words]
    return subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip()


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def spread(values: Sequence[float]) -> str:
    """Return mean ± standard deviation, in hundredths of the unit given in shares."""
    shares = [100 * value for value in values]
    deviation = statistics.stdev(shares) if len(shares) > 1 else 0.0
    return f"{statistics.mean(shares):.1f} ± {deviation:.1f}"
