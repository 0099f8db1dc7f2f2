"""Time and memory of the AP loss and its rivals, forward and backward, one thread, side by side.

python benchmarks/ap_loss.py            # about a minute on a quiet core
python benchmarks/ap_loss.py --patient  # also what takes more than 6 GB or a minute

LibAUC is timed where it can be imported (``pip install --no-deps libauc`` into a folder on PYTHONPATH).
"""

from __future__ import annotations

import argparse
import ctypes
import math
import os
import statistics
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ap_rivals import fast_ap, greedy_compiled, greedy_numpy, libauc_ap, retrieval_losses, smooth_ap
from provenance import write_results
from weldon.losses import ap_loss

SIZES = ((5, 59), (50, 450), (500, 4500), (5000, 77_000))
COCO_IMAGES, COCO_CLASSES = 82_783, 80
DENSE_PAIRS, MATRIX_PAIRS, GREEDY_PAIRS = 200_000, 50_000_000, 1_000_000_000  # more only with --patient
SECONDS = 1.0  # spent on each measurement after its first run

Step = Callable[[], Any]


def one_class(positives: int, negatives: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    target = (torch.arange(positives + negatives) < positives).float().unsqueeze(1)
    return torch.randn(target.shape, generator=generator) + target, target


def coco_like(images: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """80 classes: one in more than half of the images, the others 0.25 % to 12 %; 2.9 an image."""
    share = torch.cat(
        [torch.tensor([0.55]), torch.logspace(math.log10(0.0025), math.log10(0.12), COCO_CLASSES - 1)]
    )
    target = (torch.rand(images, COCO_CLASSES, generator=generator) < share).float()
    return torch.randn(target.shape, generator=generator) + target, target


def learn(loss: Callable[[Tensor, Tensor], Any], scores: Tensor, target: Tensor) -> Step:
    """Forward and backward of a loss that returns a scalar, or parts of one."""
    leaf = scores.clone().requires_grad_()

    def step() -> float:
        leaf.grad = None
        parts = loss(leaf, target)
        total = 0.0
        for part in [parts] if isinstance(parts, Tensor) else parts:
            part.backward()
            total += float(part.detach())
        return total

    return step


def steps(scores: Tensor, target: Tensor, *, patient: bool) -> Iterator[tuple[str, Step | str]]:
    """What is timed at this size; a string says why something is not."""
    positives, negatives = target.sum(0), (1 - target).sum(0)
    pairs = float((positives * negatives).sum())
    cuda = scores.is_cuda

    def unless(limit: float, size: float, step: Step) -> Step | str:
        return step if patient or size <= limit else f"left out: {size:.1e} pairs"

    yield "ours", learn(ap_loss, scores, target)
    yield "ours, levels", learn(lambda s, y: ap_loss(s, y, method="levels"), scores, target)
    dense = learn(lambda s, y: ap_loss(s, y, method="dense"), scores, target)
    yield "ours, dense", unless(DENSE_PAIRS, pairs, dense)
    yield "logistic", learn(binary_cross_entropy_with_logits, scores, target)
    yield "SmoothAP, restated", unless(GREEDY_PAIRS, pairs, learn(smooth_ap, scores, target))
    yield "FastAP, restated", learn(fast_ap, scores, target)
    if cuda:
        return
    yield "Yue's greedy, numpy", unless(GREEDY_PAIRS, pairs, lambda: greedy_numpy(scores, target))
    try:
        compiled = greedy_compiled()
        yield "Yue's greedy, C", unless(GREEDY_PAIRS, pairs, lambda: compiled(scores, target))
    except (OSError, RuntimeError) as reason:
        yield "Yue's greedy, C", f"left out: {reason}"
    try:
        soap = learn(libauc_ap(scores.shape[1], len(scores)), scores, target)
        yield "mAPLoss (libauc)", unless(MATRIX_PAIRS, pairs, soap)
    except ImportError as reason:
        yield "mAPLoss (libauc)", f"left out: {reason}"


def measure(step: Step, device: str) -> dict[str, float]:
    """Median and best seconds, the peak of memory above what was there, and the value."""
    start_memory = _memory_reset(device)
    first, value = _time(step, device)
    peak = _memory_peak(device) - start_memory
    again = [_time(step, device)[0] for _ in range(min(200, int(SECONDS / first)))]
    seconds = statistics.median(again) if again else first
    best = min([first, *again])
    return {
        "seconds": seconds,
        "best": best,
        "runs": max(1, len(again)),
        "peak_megabytes": peak,
        "value": value,
    }


def _time(step: Step, device: str) -> tuple[float, float]:
    start = time.perf_counter()
    value = step()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start, float(value)


def _memory_reset(device: str) -> float:
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated() / 1e6
    try:
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    except (OSError, AttributeError):
        return math.nan
    return _resident("VmRSS")


def _memory_peak(device: str) -> float:
    return torch.cuda.max_memory_allocated() / 1e6 if device == "cuda" else _resident("VmHWM")


def _resident(field: str) -> float:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return math.nan
    return next(float(line.split()[1]) / 1e3 for line in lines if line.startswith(field))


def compare(title: str, rivals: Iterator[tuple[str, Step | str]], device: str) -> dict[str, Any]:
    """Measure all of one size and print how many times longer than ours each takes."""
    print(f"\n{title}", flush=True)
    results: dict[str, Any] = {}
    for name, step in rivals:
        if isinstance(step, str):
            results[name] = step
            print(f"  {name:36} {step}")
            continue
        results[name] = found = measure(step, device)
        ratio = found["seconds"] / results["ours"]["seconds"]
        print(
            f"  {name:36} {1e3 * found['seconds']:10.2f} ms {ratio:9.2f} x "
            f"{found['peak_megabytes']:8.1f} MB   value {found['value']:.6f}",
            flush=True,
        )
    return results


def retrieval(examples: int, generator: torch.Generator) -> Iterator[tuple[str, Step]]:
    embeddings = torch.randn(examples, 64, generator=generator)
    labels = torch.arange(examples) // 4
    for name, loss in retrieval_losses().items():
        yield name, learn(loss, embeddings, labels)


def aims(results: dict[str, Any]) -> dict[str, Any]:
    """The three figures that were aimed at."""
    large, coco = results["5000 + 77000"], results["82783 x 80"]
    found = {
        "times faster than the numpy greedy at 5000 + 77000 (aim 80)": _ratio(large, "Yue's greedy, numpy"),
        "times faster than the compiled greedy at 5000 + 77000": _ratio(large, "Yue's greedy, C"),
        "seconds for 80 classes x 82,783 images (aim 3)": coco["ours"]["seconds"],
        "milliseconds for a batch of 64 x 80 (aim 2)": 1e3 * results["64 x 80"]["ours"]["seconds"],
    }
    print()
    for what, value in found.items():
        print(f"{what}: {value if isinstance(value, str) else format(value, '.2f')}")
    return found


def _ratio(results: dict[str, Any], rival: str) -> float | str:
    other = results.get(rival, "not timed")
    return other if isinstance(other, str) else other["seconds"] / results["ours"]["seconds"]


def installed(package: str) -> str:
    try:
        return version(package)
    except ImportError:
        return "not installed"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patient", action="store_true", help="leave nothing out")
    parser.add_argument("--small", action="store_true", help="skip the two largest sizes; writes nothing")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    cases = {f"{p} + {n}": one_class(p, n, generator) for p, n in SIZES[: 3 if options.small else 4]}
    cases["64 x 80"] = coco_like(64, generator)
    if not options.small:
        cases[f"{COCO_IMAGES} x {COCO_CLASSES}"] = coco_like(COCO_IMAGES, generator)
    results = {}
    for title, (scores, target) in cases.items():
        here = scores.to(options.device), target.to(options.device)
        results[title] = compare(title, steps(*here, patient=options.patient), options.device)
    if options.device == "cpu":
        for examples in (64, 400):
            title = f"retrieval, {examples} queries"
            results[title] = compare(title, retrieval(examples, generator), options.device)
    if options.small:
        return
    rivals = {name: installed(name) for name in ("pytorch-metric-learning", "libauc")}
    accelerator = torch.cuda.get_device_name() if options.device == "cuda" else None
    kept = {"aims": aims(results), "rivals": rivals, "accelerator": accelerator, "sizes": results}
    name = "ap_loss" if options.device == "cpu" else f"ap_loss_{options.device}"
    print(f"\nwritten to {write_results(name, kept)}")


if __name__ == "__main__":
    main()
