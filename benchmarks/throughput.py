"""Training images a second and peak memory at 224 px, poolings in turn in one process.

python benchmarks/throughput.py                # about two minutes on two cores, nothing else running
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch

import weldon
from photographs import MOBILENET, require_photographs
from provenance import write_results
from weldon.losses import logistic_loss

ROWS = {"average": {"pool": "avg"}, "max": {"pool": "max"}, "WELDON 20%": {"pool": "weldon", "k_max": 0.2}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    require_photographs()
    torch.set_flush_denormal(True)
    nets = {
        row: weldon.create_model(None, 20, weights=MOBILENET, **pooling).train()
        for row, pooling in ROWS.items()
    }
    optimizers = {row: torch.optim.AdamW(net.parameter_groups(1e-3)) for row, net in nets.items()}
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(options.batch, 3, 224, 224, generator=generator)
    mask = torch.ones(options.batch, 224, 224, dtype=torch.bool)
    target = (torch.rand(options.batch, 20, generator=generator) < 0.1).float()
    seconds: dict[str, list[float]] = {row: [] for row in ROWS}
    for round_number in range(options.rounds + 1):
        for row, net in nets.items():
            started = time.perf_counter()
            optimizers[row].zero_grad()
            logistic_loss(net(images, mask), target).backward()
            optimizers[row].step()
            if round_number:  # the first round warms up
                seconds[row].append(time.perf_counter() - started)
    results = {}
    for row, taken in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(taken, seconds["average"], strict=True))
        results[row] = {
            "images_per_second": options.batch / statistics.median(taken),
            "time_over_average": ratio,
        }
        print(f"{row:12} {results[row]['images_per_second']:.1f} images/s, {ratio:.3f} of average's time")
    write_results("throughput", results)


if __name__ == "__main__":
    main()
