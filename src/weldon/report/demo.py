"""``weldon demo``: the paper's idea on the embedded scenes, trained from image-level labels in minutes."""

from __future__ import annotations

import logging
import shutil
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weldon.data.scenes import SIDE, make_scenes, write_scenes
from weldon.errors import UsageError
from weldon.training import evaluate, train

POOLINGS = {"max": "max", "average": "avg", "negative evidence": "weldon"}
COUNTS = {"train": 1000, "val": 300, "test": 400}
# One schedule for all: where max pooling does best on validation scenes (benchmarks/demo_schedule.py).
SCHEDULE: dict[str, Any] = {
    "model": "test_resnet",
    "model_kwargs": {"output_stride": 8, "channels": [16, 24, 32, 48], "stem_width": 8},
    "weights": "none",
    "image_size": SIDE,
    "augment": False,
    "optimizer": "adamw",
    "lr": 3e-3,
    "lrp": 1.0,
    "epochs": 10,
    "batch_size": 16,
    "workers": 0,
}


@dataclass(frozen=True)
class DemoRow:
    """What one pooling reached on the test scenes, a figure for each seed.

    Args:
        name: the pooling, in words.
        folders: the runs.
        map: mean average precision, shares.
        pointwise: pointwise localisation, shares.
        seconds: of training.
    """

    name: str
    folders: tuple[Path, ...]
    map: tuple[float, ...]
    pointwise: tuple[float, ...]
    seconds: tuple[float, ...]

    def cells(self) -> list[str]:
        """Return the row as it is printed."""
        return [self.name, spread(self.map), spread(self.pointwise), f"{statistics.mean(self.seconds):.0f}"]


def spread(shares: Sequence[float]) -> str:
    """Return mean ± standard deviation in hundredths.

    Example:
        >>> spread([0.5, 0.7])
        '60.0 ± 14.1'
    """
    hundredths = [100 * share for share in shares]
    deviation = statistics.stdev(hundredths) if len(hundredths) > 1 else 0.0
    return f"{statistics.mean(hundredths):.1f} ± {deviation:.1f}"


def run_demo(out: Path, *, seeds: Sequence[int] = (0, 1, 2), progress: bool = False) -> list[DemoRow]:
    """Train every pooling with every seed on the same scenes; return a row a pooling.

    Args:
        out: folder for scenes and runs; an earlier demo there is replaced.
        seeds: of weights and order; the scenes stay the same.
        progress: show a progress bar.

    Raises:
        UsageError: ``out`` holds something that is no demo.
    """
    _clear(out)
    scenes = out / "scenes"
    records = write_scenes(scenes, {part: make_scenes(n, split=part, seed=0) for part, n in COUNTS.items()})
    truth = {record.file_name: record.boxes or () for record in records}
    rows = []
    for name, pool in POOLINGS.items():
        figures, folders, seconds = [], [], []
        for seed in seeds:
            started = time.monotonic()
            run = train(
                scenes,
                scenes / "labels.csv",
                out=out / f"{pool}{seed}",
                pool=pool,
                seed=seed,
                progress=progress,
                **SCHEDULE,
            )
            seconds.append(time.monotonic() - started)
            folders.append(run.path)
            figures.append(evaluate(run, split="test", boxes=truth))
        precision, pointwise = (tuple(f[key] for f in figures) for key in ("map", "pointwise"))
        rows.append(DemoRow(name, tuple(folders), precision, pointwise, tuple(seconds)))
        logging.getLogger("weldon").info("%s pooling: mAP %s", name, spread(rows[-1].map))
    return rows


def _clear(out: Path) -> None:
    if not out.exists():
        return
    if any(out.iterdir()) and not (out / "scenes" / "labels.csv").is_file():
        raise UsageError(f"out {str(out)!r} holds something that is no demo: choose another with --out")
    shutil.rmtree(out)
