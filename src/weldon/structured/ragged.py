"""Bags of unequal size through one product and a few padded poolings, with no loop over bags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

Pool = Callable[[Tensor, Tensor | None], Tensor]


@dataclass(frozen=True, eq=False)
class Bucket:
    """Bags of like size, which are padded together: ``n`` of them to R instances.

    Args:
        bags: ``(n,)`` int64, their numbers.
        rows: ``(n, R)`` int64, the rows of their instances; padding repeats the last row.
        mask: ``(n, R)`` bool, True on instances; None where no bag is padded.
        contiguous: the rows are all rows in order, so that no copy is needed.
    """

    bags: Tensor
    rows: Tensor
    mask: Tensor | None
    contiguous: bool

    def to(self, device: torch.device | str) -> Bucket:
        """The same bucket elsewhere."""
        mask = None if self.mask is None else self.mask.to(device)
        return Bucket(self.bags.to(device), self.rows.to(device), mask, self.contiguous)


def bucket_bags(offsets: np.ndarray) -> tuple[Bucket, ...]:
    """Put bags in buckets by powers of two of their size, so that padding never doubles the work.

    Args:
        offsets: ``(N + 1,)`` int64, as in :class:`~weldon.data.bags.bag_set.BagDataset`.

    Example:
        >>> small, large = bucket_bags(np.array([0, 3, 4, 8]))
        >>> small.rows.tolist(), large.rows.tolist()
        ([[3]], [[0, 1, 2, 2], [4, 5, 6, 7]])
        >>> large.mask.tolist()
        [[True, True, True, False], [True, True, True, True]]
    """
    sizes = np.diff(offsets)
    key = np.ceil(np.log2(sizes)).astype(int)
    keys = np.unique(key)
    if sizes.min() == sizes.max():
        keys = keys[:1]
    return tuple(_bucket(np.flatnonzero(key == one), offsets) for one in keys)


def _bucket(bags: np.ndarray, offsets: np.ndarray) -> Bucket:
    start, sizes = offsets[bags], (offsets[bags + 1] - offsets[bags])
    ranks = np.arange(sizes.max())
    rows = start[:, None] + np.minimum(ranks, sizes[:, None] - 1)  # (n, R)
    mask = ranks < sizes[:, None]
    real = None if mask.all() else torch.from_numpy(mask)
    contiguous = real is None and len(bags) == len(offsets) - 1
    return Bucket(torch.from_numpy(bags), torch.from_numpy(rows), real, contiguous)


def pad_scores(flat: Tensor, bucket: Bucket) -> Tensor:
    """Scores of instances ``(T, C)`` as the bucket's bags ``(n, C, R)``."""
    count, size = bucket.rows.shape
    chosen = flat if bucket.contiguous else flat.index_select(0, bucket.rows.flatten())
    return chosen.view(count, size, flat.shape[1]).transpose(1, 2)  # (n, R, C) -> (n, C, R)


def join_buckets(pooled: Sequence[Tensor], buckets: Sequence[Bucket]) -> Tensor:
    """What was computed for each bucket ``(n, ...)``, back in the order of the bags ``(N, ...)``."""
    if len(buckets) == 1:
        return pooled[0]
    return torch.cat(list(pooled)).index_select(0, torch.argsort(torch.cat([b.bags for b in buckets])))


def pool_bags(flat: Tensor, buckets: Sequence[Bucket], pool: Pool) -> Tensor:
    """Pool scores of instances ``(T, C)`` bag by bag: ``(N, C)``.

    Args:
        flat: ``(T, C)`` float, one row an instance.
        buckets: where the bags are, from :func:`bucket_bags`.
        pool: any pooling of :mod:`weldon.pooling`, or your own ``(scores (n, C, R), mask (n, R) or None)``.

    Example:
        >>> from weldon.pooling import max_pool
        >>> pool_bags(torch.tensor([[1.0], [3.0], [2.0]]), bucket_bags(np.array([0, 2, 3])), max_pool)
        tensor([[3.],
                [2.]])
    """
    return join_buckets([pool(pad_scores(flat, bucket), bucket.mask) for bucket in buckets], buckets)


@dataclass(frozen=True, eq=False)
class PackedBags:
    """Bags ready to be scored: features of all instances ``(T, F)`` (tensor or SciPy CSR) and buckets."""

    values: Any
    buckets: tuple[Bucket, ...]

    def __len__(self) -> int:
        return sum(len(bucket.bags) for bucket in self.buckets)
