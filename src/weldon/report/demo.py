"""Train the networks of ``weldon demo``: three poolings on the same scenes, from image-level labels."""

from __future__ import annotations

import logging
import multiprocessing
import re
import statistics
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from weldon.data import Box
from weldon.data.scenes import SIDE, Scene, make_scenes, write_scenes
from weldon.errors import UsageError
from weldon.evaluation import evaluate
from weldon.folders import clear_draft_folders, draft_folder, remove_whole, take_place
from weldon.progress import tracked
from weldon.training import train

log = logging.getLogger("weldon")

POOLINGS = {"max": "max", "average": "avg", "negative evidence": "weldon"}
COUNTS = {"train": 1000, "val": 200, "test": 300}
# One schedule for all: where max pooling does best on validation scenes (benchmarks/demo_schedule.py).
SCHEDULE: dict[str, Any] = {
    "model": "test_byobnet",
    "model_kwargs": {"output_stride": 8},
    "weights": "none",
    "image_size": SIDE,
    "augment": False,
    "optimizer": "adamw",
    "lr": 2e-3,
    "lrp": 1.0,
    "epochs": 9,
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


def run_demo(
    out: Path,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    processes: int = 2,
    counts: Mapping[str, int] = COUNTS,
    schedule: Mapping[str, Any] = SCHEDULE,
) -> list[DemoRow]:
    """Train every pooling with every seed on the same scenes; return a row a pooling.

    Args:
        out: folder for scenes and runs; an earlier demo there is replaced.
        seeds: of weights and order; the scenes stay the same.
        processes: runs side by side, a thread each: networks this small gain nothing from more threads.
        counts: scenes of each split.
        schedule: options of ``weldon train``, the same for all.

    Raises:
        UsageError: ``out`` holds something that is no demo.
    """
    _clear(out)
    scenes = out / "scenes"
    truth = _write_scenes(scenes, counts)
    jobs = [
        (scenes, truth, out / f"{pool}{seed}", {**schedule, "pool": pool, "seed": seed})
        for pool in POOLINGS.values()
        for seed in seeds
    ]
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=fresh, initializer=_one_thread) as pool:
        answers = list(_reported(pool.map(_run, jobs), len(jobs)))
    return [
        _row(name, answers[first : first + len(seeds)])
        for first, name in zip(range(0, len(jobs), len(seeds)), POOLINGS, strict=True)
    ]


@dataclass(frozen=True)
class DemoRun:
    """One network: its folder, its figures on the test scenes, and how long it trained."""

    folder: Path
    map: float
    pointwise: float
    seconds: float


def _one_thread() -> None:
    torch.set_num_threads(1)
    logging.getLogger("weldon").setLevel(logging.WARNING)
    warnings.simplefilter("ignore")


def _run(job: tuple[Path, dict[str, tuple[Box, ...]], Path, dict[str, Any]]) -> DemoRun:
    scenes, truth, folder, options = job
    started = time.monotonic()
    run = train(scenes, scenes / "labels.csv", out=folder, progress=False, **options)
    seconds = time.monotonic() - started
    figures = evaluate(run, split="test", boxes=truth)
    return DemoRun(run.path, figures["map"], figures["pointwise"], seconds)


def _reported(runs: Iterator[DemoRun], total: int) -> Iterator[DemoRun]:
    for number, run in enumerate(tracked(runs, "training", total), start=1):
        log.info("%d of %d: %s  mAP %.1f", number, total, run.folder.name, 100 * run.map)
        yield run


def _row(name: str, runs: Sequence[DemoRun]) -> DemoRow:
    return DemoRow(
        name,
        tuple(run.folder for run in runs),
        tuple(run.map for run in runs),
        tuple(run.pointwise for run in runs),
        tuple(run.seconds for run in runs),
    )


def _write_scenes(scenes: Path, counts: Mapping[str, int]) -> dict[str, tuple[Box, ...]]:
    """Write the scenes, all or none, and return the boxes of each by its file name."""
    made: dict[str, Sequence[Scene]] = {
        part: make_scenes(n, split=part, seed=0) for part, n in counts.items()
    }
    with draft_folder(scenes) as draft:
        records = write_scenes(draft, made)
        if not take_place(draft, scenes):
            raise UsageError(
                f"out {str(scenes.parent)!r} is where another demo runs: choose another with --out"
            )
    return {record.file_name: record.boxes or () for record in records}


def _clear(out: Path) -> None:
    """Remove an earlier demo, finished or killed, and nothing else."""
    if not out.exists():
        return
    if not out.is_dir():
        raise UsageError(f"out {str(out)!r} is a file: choose a folder with --out")
    clear_draft_folders(out)
    strange = sorted(entry.name for entry in out.iterdir() if not _is_ours(entry))
    if strange:
        raise UsageError(
            f"out {str(out)!r} holds something that is no demo, {strange[0]!r}: choose another with --out"
        )
    for entry in out.iterdir():
        remove_whole(entry)


def _is_ours(entry: Path) -> bool:
    if entry.name == "scenes":
        return entry.is_dir() and {part.name for part in entry.iterdir()} <= {*COUNTS, "labels.csv"}
    pools = "|".join(POOLINGS.values())
    return entry.name == "index.html" or bool(re.fullmatch(rf"({pools})\d+|\..*\.part", entry.name))
