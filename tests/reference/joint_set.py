"""Rank one process's share of a large set together with the others, in a process that was forked."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.distributed as dist
from torch.utils._python_dispatch import TorchDispatchMode

from fixtures.forks import run_together


def laid_down(images, classes):
    """Scores of a set whose shares differ in length, with labels and unknown cells."""
    generator = torch.Generator().manual_seed(5)
    scores = torch.randn(images, classes, generator=generator)
    target = (torch.rand(images, classes, generator=generator) < 0.05).to(torch.uint8)
    return scores, target, torch.rand(images, classes, generator=generator) < 0.9


def shares(images, processes):
    """Which rows each process has: as a sampler deals them, the first processes one more."""
    return [torch.arange(rank, images, processes) for rank in range(processes)]


class Largest(TorchDispatchMode):
    """How often a tensor of at least so many numbers was made, by type."""

    def __init__(self, numbers):
        super().__init__()
        self.numbers, self.made = numbers, []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        fresh = isinstance(found, torch.Tensor) and found._base is None and "empty" in str(function)
        if fresh and found.numel() >= self.numbers:
            self.made.append(str(found.dtype))
        return found


def rank_share(rank, processes, images, classes, folder):
    """Leave what this process found in ``FOLDER/RANK.pt``."""
    from weldon.losses import FullSetAPLoss
    from weldon.losses.ap.batch import LabelledScores, join_processes

    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=processes)
    try:
        rows = shares(images, processes)[rank]
        scores, target, known = (part[rows] for part in laid_down(images, classes))
        with Largest(images * classes) as largest:
            join_processes(LabelledScores.of(scores, target, known))
        loss = FullSetAPLoss()
        value = loss.fix(scores, target, known)
        found = {"value": value, "coefficients": loss.coefficients, "made": largest.made}
        torch.save(found, Path(folder) / f"{rank}.pt")
    finally:
        dist.destroy_process_group()


def rank_together(processes, images, classes, folder, seconds=100):
    """Return what each process found."""
    shares_of = [(rank, processes, images, classes, str(folder)) for rank in range(processes)]
    run_together(rank_share, shares_of, seconds)
    return [torch.load(Path(folder) / f"{rank}.pt") for rank in range(processes)]
