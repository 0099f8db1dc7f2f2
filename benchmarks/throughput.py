"""Training images a second at 224 px, poolings in turn in one process; peak memory, a process each.

python benchmarks/throughput.py                # about two minutes on two cores, nothing else running
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

import weldon
from photographs import MOBILENET, require_photographs
from provenance import write_results
from weldon.device import keep_freed_memory
from weldon.losses import logistic_loss

ROWS = {"average": {"pool": "avg"}, "max": {"pool": "max"}, "WELDON 20%": {"pool": "weldon", "k_max": 0.2}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    require_photographs()
    steps = {row: training_step(row, options.batch) for row in ROWS}
    seconds: dict[str, list[float]] = {row: [] for row in ROWS}
    for round_number in range(options.rounds + 1):
        for row, step in steps.items():
            started = time.perf_counter()
            step()
            if round_number:  # the first round warms up
                seconds[row].append(time.perf_counter() - started)
    results = {}
    for row, taken in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(taken, seconds["average"], strict=True))
        results[row] = {
            "images_per_second": options.batch / statistics.median(taken),
            "time_over_average": ratio,
            "peak_megabytes": in_a_process_of_its_own(peak_megabytes, row, options.batch),
        }
        print(
            f"{row:12} {results[row]['images_per_second']:.1f} images/s, {ratio:.3f} of average's time, "
            f"peak {results[row]['peak_megabytes']:.0f} MB"
        )
    write_results("throughput", {"batch": options.batch, "threads": torch.get_num_threads(), "rows": results})


def training_step(row: str, batch: int) -> Callable[[], None]:
    """Return a function that runs one step of the row's network on a fixed batch of noise."""
    keep_freed_memory()
    torch.set_flush_denormal(True)
    net = weldon.create_model(None, 20, weights=MOBILENET, **ROWS[row]).train()
    optimizer = torch.optim.AdamW(net.parameter_groups(1e-3))
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(batch, 3, 224, 224, generator=generator)
    mask = torch.ones(batch, 224, 224, dtype=torch.bool)
    target = (torch.rand(batch, 20, generator=generator) < 0.1).float()

    def step() -> None:
        optimizer.zero_grad()
        logistic_loss(net(images, mask), target).backward()
        optimizer.step()

    return step


def peak_megabytes(row: str, batch: int) -> float:
    """Return the most memory this process ever held, after three steps of the row's network."""
    step = training_step(row, batch)
    for _ in range(3):
        step()
    status = Path("/proc/self/status").read_text()  # not getrusage: that inherits the peak of the parent
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def in_a_process_of_its_own(function: Callable[..., float], *arguments: object) -> float:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


if __name__ == "__main__":
    main()
