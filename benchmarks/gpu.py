"""What the library does on a GPU, each row beside a rival that takes turns with it; one JSON, one table.

benchmarks/gpu.sh DATA            # the gpu tests, then every row: at most eight minutes
benchmarks/gpu.sh DATA --dry      # the same at small sizes on a processor: that it runs, not how fast

DATA is a folder of photographs, a folder a class. Results: gpu.json in the current folder.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

import weldon
from provenance import provenance
from speed_rows import POOLED, loss_ways, pooling_ways, step_ways
from taking_turns import Way, in_turn, tell
from weldon.crf.dense_crf import README_PARAMETERS, DenseCRF
from weldon.files import write_text
from weldon.inference.loading import load_images


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="a folder of photographs, a folder a class")
    parser.add_argument("--dry", action="store_true", help="small, on the processor")
    options = parser.parse_args()
    dry: bool = options.dry
    if not dry and not torch.cuda.is_available():
        sys.exit("no CUDA device is here: --dry shows that everything runs, on the processor")
    device = "cpu" if dry else "cuda"
    results: dict[str, Any] = {}

    def row(title: str, ways: dict[str, Way], rounds: int) -> None:
        results[title] = in_turn(ways, rounds=1 if dry else rounds, cuda=not dry)
        tell(title, results[title])

    for shape, k in POOLED[-1:] if dry else POOLED:
        for backward in (False, True):
            title = f"pooling {shape}, k = {k}" + (", forward and backward" if backward else "")
            row(title, pooling_ways(shape, k, backward=backward, device=device), 50)
    row("AP loss, 64 x 80", loss_ways(64, device), 50)
    row(f"AP loss, {500 if dry else 82_783} x 80", loss_ways(500 if dry else 82_783, device), 20)
    row("dense CRF, one picture and eight at once", crf_ways(device, dry=dry), 5)
    name, side, batch = ("test_resnet", 64, 2) if dry else ("resnet101", 448, 32)
    step = step_ways(name, side=side, batch=batch, device=device, narrow=True)
    row(f"training step, {name}, {batch} images of {side} px, bf16", step, 10)
    results |= whole_run(options.data, device, dry=dry)
    write_text(
        Path("gpu.json"), json.dumps({"provenance": machine(dry), "results": results}, indent=1) + "\n"
    )


def crf_ways(device: str, *, dry: bool) -> dict[str, Way]:
    """Soft masks of 21 labels, 400 x 300 pixels, with the readme's parameters; eight at once count as one."""
    width, height = (40, 30) if dry else (400, 300)
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (8, 3, height, width), generator=generator, dtype=torch.uint8).to(device)
    chances = torch.rand(8, 21, height, width, generator=generator).softmax(1).to(device)
    crf = DenseCRF(README_PARAMETERS)
    return {
        "ours": lambda: crf(chances[:1], images[:1]),
        "eight at once": lambda: crf(chances, images),
    }


def whole_run(data: Path, device: str, *, dry: bool) -> dict[str, Any]:
    """Train one epoch, predict, and say the images a second and how long what follows training takes."""
    with tempfile.TemporaryDirectory() as home:
        options: dict[str, Any] = {"epochs": 1, "device": device, "refit": False}
        options |= (
            {"model": "test_resnet", "weights": "none", "image_size": 64, "batch_size": 4, "workers": 0}
            if dry
            else {"image_size": 448, "batch_size": 32, "precision": "bf16-mixed"}
        )
        started = time.perf_counter()
        run = weldon.train(data, out=Path(home) / "run", progress=False, **options)
        whole = time.perf_counter() - started
        said = json.loads(run.manifest.read_text())
        training, images = said["seconds"]["training"], said["images"]["train"]
        found: dict[str, Any] = {
            "training, images/s, validation included": images / training,
            "before and after training, share of its time": (whole - training) / training,
        }
        precision = "32-true" if dry else "bf16-mixed"
        predictor = load_images(run.path, device=device, batch_size="auto", precision=precision)
        started = time.perf_counter()
        seen = sum(1 for result in predictor.predict(data) for _ in [result.point(result.shown[0])])
        found["predict, images/s, with points"] = seen / (time.perf_counter() - started)
    for name, value in found.items():
        print(f"{name:58} {value:.3f}", flush=True)
    return found


def machine(dry: bool) -> dict[str, Any]:
    """Return provenance, with the card, or that nothing was measured."""
    card = "none: --dry on a processor, no figure counts" if dry else torch.cuda.get_device_name()
    return {**provenance(), "card": card}


if __name__ == "__main__":
    main()
