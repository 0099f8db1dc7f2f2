"""The joint batch of all processes, so that a loss which compares examples compares all of them."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor

from weldon.losses.labelled_scores import LabelledScores


class JointBatch(NamedTuple):
    """The rows of all processes in order of rank, which are this process's, and how many there are."""

    rows: LabelledScores
    own: slice
    processes: int

    @classmethod
    def of_one(cls, batch: LabelledScores) -> JointBatch:
        """The batch of a process that trains alone."""
        return cls(batch, slice(0, len(batch.scores)), 1)


def process_count() -> int:
    """How many processes train together: 1 unless a process group is initialised."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def join_processes(batch: LabelledScores) -> JointBatch:
    """Bring the rows of all processes together; every process must call this, also with no rows.

    No gradient flows to other processes: each lets its own rows carry theirs.
    """
    processes = process_count()
    if processes == 1:
        return JointBatch.of_one(batch)
    sizes = _gather(torch.tensor([len(batch.scores)], device=batch.scores.device))
    lengths = [int(size) for size in sizes]
    rows = LabelledScores(*(_gather_ragged(part, lengths) for part in batch))
    before = sum(lengths[: dist.get_rank()])
    return JointBatch(rows, slice(before, before + lengths[dist.get_rank()]), processes)


def _gather_ragged(part: Tensor, lengths: list[int]) -> Tensor:
    """Rows of all processes, padded to the longest on the way: collectives want equal shapes."""
    padded = part.new_zeros(max(lengths), *part.shape[1:])
    padded[: len(part)] = part
    pieces = [piece[:length] for piece, length in zip(_gather(padded), lengths, strict=True)]
    return torch.cat(pieces)


def _gather(part: Tensor) -> list[Tensor]:
    carried = (
        part.contiguous().cuda() if dist.get_backend() == "nccl" else part.contiguous()
    )  # NCCL: GPU only
    pieces = [torch.empty_like(carried) for _ in range(dist.get_world_size())]
    dist.all_gather(pieces, carried)
    return [piece.to(part.device) for piece in pieces]
