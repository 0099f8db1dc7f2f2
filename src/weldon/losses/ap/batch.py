"""Scores with what is known of them: the input of a ranking, checked once."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor

from weldon.errors import UsageError
from weldon.losses.reduction import values_can_be_read

LARGE = 1 << 20  # cells: 4 MB of scores
UNKNOWN = 2  # label of a cell that is neither known to be absent (0) nor known to be present (1)


class LabelledScores(NamedTuple):
    """Scores ``(N, C)``, detached, float32 or wider, and labels ``(N, C)`` uint8: 1, 0 or :data:`UNKNOWN`."""

    scores: Tensor
    label: Tensor

    @classmethod
    def of(cls, scores: Tensor, target: Tensor, mask: Tensor | None = None) -> LabelledScores:
        """Detach the scores and fold target and mask into labels.

        Args:
            scores: ``(N, C)`` float, any real.
            target: ``(N, C)``, any dtype, 1 where the class is present and 0 where it is absent.
            mask: ``(N, C)`` bool, True on known cells; None means all are known.

        Raises:
            UsageError: shapes, dtypes or values that do not fit (among them a known target of -1).

        Example:
            >>> known = torch.tensor([[True, False]])
            >>> LabelledScores.of(torch.zeros(1, 2), torch.tensor([[1.0, -1.0]]), known).label
            tensor([[1, 2]], dtype=torch.uint8)
        """
        _check_shapes(scores, target, mask)
        present = target == 1
        label = present.to(torch.uint8)
        wrong = target != present
        if mask is not None:
            label, wrong = label.masked_fill_(~mask, UNKNOWN), wrong & mask
        if values_can_be_read() and wrong.any():
            row, column = wrong.nonzero()[0].tolist()
            raise UsageError(
                "`target` must be 0 (absent) or 1 (present) on known cells, "
                f"got {target[row, column].item()} for image {row}, class {column}: "
                "mark unknown cells with `mask`"
            )
        return cls(scores.detach().to(torch.promote_types(scores.dtype, torch.float32)), label)

    @property
    def known(self) -> Tensor:
        """Which cells are known, ``(N, C)`` bool."""
        return self.label != UNKNOWN

    @property
    def rankable(self) -> Tensor:
        """1 for a class with positives and negatives, else 0, ``(C,)`` float32."""
        return (((self.label == 1).sum(0) > 0) & ((self.label == 0).sum(0) > 0)).float()


def _check_shapes(scores: Tensor, target: Tensor, mask: Tensor | None) -> None:
    if not scores.is_floating_point() or scores.ndim != 2 or scores.shape[1] == 0:
        raise UsageError(f"`scores` must be (N, C) floating point, got {scores.dtype} {tuple(scores.shape)}")
    if target.shape != scores.shape:
        raise UsageError(f"`target` must be (N, C) = {tuple(scores.shape)}, got shape {tuple(target.shape)}")
    if mask is not None and (mask.dtype != torch.bool or mask.shape != scores.shape):
        raise UsageError(
            f"`mask` must be (N, C) = {tuple(scores.shape)} bool, True on known cells, "
            f"got {mask.dtype} {tuple(mask.shape)}"
        )


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
    """Rows of all processes; a whole training set is held once, few rows come in one step.

    Few rows are padded to the longest, for gathering wants equal shapes, and it holds all of them twice.
    """
    if sum(lengths) * part[:1].numel() > LARGE:
        return _broadcast_in_place(part, lengths)
    padded = part.new_zeros(max(lengths), *part.shape[1:])
    padded[: len(part)] = part
    pieces = [piece[:length] for piece, length in zip(_gather(padded), lengths, strict=True)]
    return torch.cat(pieces)


def _broadcast_in_place(part: Tensor, lengths: list[int]) -> Tensor:
    """Rows of all processes, each written to its place by the process that has it."""
    device = (
        torch.device("cuda", torch.cuda.current_device()) if dist.get_backend() == "nccl" else part.device
    )
    whole = torch.empty(sum(lengths), *part.shape[1:], dtype=part.dtype, device=device)
    for rank, place in enumerate(torch.split(whole, lengths)):
        if rank == dist.get_rank():
            place.copy_(part)
        dist.broadcast(place, rank)
    return whole.to(part.device)


def _gather(part: Tensor) -> list[Tensor]:
    carried = (
        part.contiguous().cuda() if dist.get_backend() == "nccl" else part.contiguous()
    )  # NCCL: GPU only
    pieces = [torch.empty_like(carried) for _ in range(dist.get_world_size())]
    dist.all_gather(pieces, carried)
    return [piece.to(part.device) for piece in pieces]
