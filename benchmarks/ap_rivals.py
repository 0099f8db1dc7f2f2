"""What else can be minimised for average precision, on scores ``(N, C)`` and targets, as plainly as it goes.

pytorch-metric-learning's SmoothAP and FastAP take embeddings and rank every example for every other; the two
functions here are the same formulas on given scores, one ranking a class. The library's own are timed on its
own problem, retrieval in a batch.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from weldon.losses import ap_loss

PAIRS = 1 << 24  # SmoothAP looks at so many pairs together


def smooth_ap(scores: Tensor, target: Tensor, *, temperature: float = 0.01) -> Iterator[Tensor]:
    """1 - AP with a sigmoid for every comparison (Brown et al., ECCV 2020), in parts to call backward on."""
    rankable = [c for c in range(scores.shape[1]) if 0 < target[:, c].sum() < len(target)]
    for c in rankable:
        positive = target[:, c] == 1
        chunk = max(1, PAIRS // len(scores))
        for rows in positive.nonzero()[:, 0].split(chunk):
            mine, s, t = scores[rows, c], scores[positive, c], scores[~positive, c]  # (p,), (P,), (N,)
            ahead = torch.sigmoid((s - mine.unsqueeze(1)) / temperature).sum(1) + 0.5  # itself counts 1/2
            behind = torch.sigmoid((t - mine.unsqueeze(1)) / temperature).sum(1)
            yield (1 - ahead / (ahead + behind)).sum() / len(s) / len(rankable)


def fast_ap(scores: Tensor, target: Tensor, *, bins: int = 10) -> Iterator[Tensor]:
    """1 - AP from soft histograms of the squashed scores (Cakir et al., CVPR 2019)."""
    edges = torch.linspace(1, 0, bins + 1, device=scores.device).view(-1, 1, 1)
    pulse = (1 - (torch.sigmoid(scores) - edges).abs() * bins).relu()  # (B, N, C)
    positive, every = (pulse * target).sum(1), pulse.sum(1)  # (B, C)
    share = positive.cumsum(0) / every.cumsum(0).clamp(min=1e-9)
    yield (1 - (positive * share).sum(0) / target.sum(0).clamp(min=1)).mean()


def libauc_ap(classes: int, images: int) -> Callable[[Tensor, Tensor], Iterator[Tensor]]:
    """LibAUC's mAPLoss (SOAP, Qi et al., NeurIPS 2021); ImportError where it is not installed."""
    from libauc.losses import mAPLoss

    loss, index = mAPLoss(data_len=images, num_labels=classes, device="cpu"), torch.arange(images)

    def parts(scores: Tensor, target: Tensor) -> Iterator[Tensor]:
        with_positives = target.any(0).nonzero().squeeze(1)
        yield loss(scores, target, index, task_id=with_positives)

    return parts


def sorted_lists(scores: Tensor, target: Tensor) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positives and negatives of each class that has both, float64, from the highest down."""
    for column, label in zip(scores.detach().numpy().T, target.numpy().T, strict=True):
        if not 0 < label.sum() < len(label):
            continue
        yield tuple(np.sort(column[label == value].astype(np.float64))[::-1].copy() for value in (1, 0))


def greedy_numpy(scores: Tensor, target: Tensor) -> float:
    """Yue's greedy in numpy, some negatives at a time; the mean loss over classes."""
    return float(np.mean([_greedy_numpy(s, t) for s, t in sorted_lists(scores, target)]))


def _greedy_numpy(s: np.ndarray, t: np.ndarray) -> float:
    P, N, total, k = len(s), len(t), 0.0, np.arange(len(s), 0.0, -1)
    chunk = max(1, (1 << 18) // P)  # fits the cache
    for start in range(0, N, chunk):
        part = t[start : start + chunk, None]
        both = k + np.arange(start + 1.0, start + len(part) + 1)[:, None]
        tails = np.cumsum(k / (P * both * (both - 1)) + 2 / (P * N) * (part - s[::-1]), axis=1)
        best = tails.argmax(axis=1)  # where each negative goes
        total += np.maximum(tails[np.arange(len(best)), best], 0).sum()
    return float(total)


def greedy_compiled() -> Callable[[Tensor, Tensor], float]:
    """Yue's greedy in C; OSError where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise OSError("no C compiler is here")
    library = Path(tempfile.mkdtemp()) / "greedy.so"
    source = Path(__file__).with_name("greedy.c")
    flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, str(source), "-o", str(library)], check=True)
    greedy = ctypes.CDLL(str(library)).greedy
    greedy.restype = ctypes.c_double
    pointer = lambda array: array.ctypes.data_as(ctypes.c_void_p)  # noqa: E731

    def run(scores: Tensor, target: Tensor) -> float:
        losses = []
        for s, t in sorted_lists(scores, target):
            best = np.empty(len(t), dtype=np.int64)
            losses.append(
                greedy(pointer(s), ctypes.c_long(len(s)), pointer(t), ctypes.c_long(len(t)), pointer(best))
            )
        return float(np.mean(losses))

    return run


def retrieval_losses() -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
    """Losses of embeddings ``(n, d)`` and labels: every example a query, the others ranked for it."""
    from pytorch_metric_learning.losses import FastAPLoss, SmoothAPLoss

    def ours(embeddings: Tensor, labels: Tensor) -> Tensor:
        unit = normalize(embeddings)
        scores = unit @ unit.T  # (n, n)
        same = labels.unsqueeze(1) == labels.unsqueeze(0)
        return ap_loss(scores, same, ~torch.eye(len(labels), dtype=torch.bool))

    return {
        "ours": ours,
        "SmoothAP (pytorch-metric-learning)": SmoothAPLoss(),
        "FastAP (pytorch-metric-learning)": FastAPLoss(),
    }
