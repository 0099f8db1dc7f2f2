"""Weighted sums of rows of a table: the one operation the permutohedral lattice is made of."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class RowSums:
    r"""Every output row is a weighted sum of some rows of a table (a sparse matrix, stored row by row).

    .. math:: y_i = \sum_j w_{ij} \, x_{c_{ij}}

    One ``embedding_bag``: a tuned gather on x86 processors, a reduction without atomics (hence the same
    bits every time) on CUDA.

    Args:
        rows: which rows to add: ``(Y, K)`` int, K for every output, or ``(E,)`` with ``offsets``.
        weights: float, the shape of ``rows``.
        offsets: ``(Y + 1,)`` int, where each output's entries start in flat ``rows``, then ``E``.

    Example:
        >>> swap = RowSums(torch.tensor([[1, 0], [0, 1]]), torch.tensor([[1.0, 0.5], [1.0, 0.0]]))
        >>> swap(torch.tensor([[2.0], [8.0]]))
        tensor([[9.],
                [2.]])
    """

    rows: Tensor
    weights: Tensor
    offsets: Tensor | None = None

    def __call__(self, table: Tensor) -> Tensor:
        """Return the sums, ``(Y, C)``, of a ``(X, C)`` float table."""
        return F.embedding_bag(
            self.rows,
            table,
            self.offsets,
            mode="sum",
            per_sample_weights=self.weights,
            include_last_offset=self.offsets is not None,
        )

    def some(self, outputs: slice) -> RowSums:
        """Return some of the sums (only where every output has K entries)."""
        return RowSums(self.rows[outputs], self.weights[outputs])

    def times(self, factor: Tensor | float) -> RowSums:
        """Return the sums with weights multiplied by a factor that broadcasts against them."""
        return RowSums(self.rows, self.weights * factor, self.offsets)

    def to(self, dtype: torch.dtype) -> RowSums:
        """Return the same sums for tables of another float type."""
        return RowSums(self.rows, self.weights.to(dtype), self.offsets)
