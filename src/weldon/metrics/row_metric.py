"""Gather the rows of all processes, each image once: every accumulator is built on this.

torchmetrics does the gathering. Three things it leaves open are closed here: a sampler that repeats images to
give every process as many (each repeat would count), a process that saw no batch (its empty state has no
width and no dtype, and the gathering fails or hangs), and a result of one element, which it makes a scalar
(``(C,)`` for one class).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from weldon.errors import UsageError

Column = tuple[tuple[int, ...], torch.dtype]
"""Shape of one row, and dtype."""

ANONYMOUS = -1


class RowMetric(Metric):
    """A metric that keeps named columns of rows until it is asked to compute.

    Args:
        columns: name to (shape of one row, dtype).
    """

    full_state_update = False

    def __init__(self, **columns: Column) -> None:
        super().__init__()
        self._columns: Mapping[str, Column] = {"index": ((), torch.long), **columns}
        for name in self._columns:
            self.add_state(name, default=[], dist_reduce_fx="cat")

    def sync(self, *args: Any, **kwargs: Any) -> None:
        """Gather the rows of all processes; a process without rows joins with none."""
        for name, (shape, dtype) in self._columns.items():
            rows = getattr(self, name)
            if isinstance(rows, list) and not rows:
                rows.append(torch.empty(0, *shape, dtype=dtype, device=self.device))
        super().sync(*args, **kwargs)

    def _wrap_compute(self, compute: Callable[..., Any]) -> Callable[..., Any]:
        """Return what torchmetrics makes of ``compute``, with the shapes that ``compute`` gave."""

        @wraps(compute)
        def noted() -> Any:
            value = compute()
            self._shapes = [part.shape for part in _parts(value)]
            return value

        squeezed = super()._wrap_compute(noted)

        @wraps(compute)
        def shaped() -> Any:
            with warnings.catch_warnings():  # nothing seen is an answer here: NaN, or no rows
                warnings.filterwarnings("ignore", message="The ``compute`` method")
                value = squeezed()
            parts = [part.reshape(shape) for part, shape in zip(_parts(value), self._shapes, strict=True)]
            return tuple(parts) if isinstance(value, tuple) else parts[0]

        return shaped

    def append_rows(self, index: Tensor | None, **values: Tensor) -> None:
        """Keep a batch: ``(n, ...)`` for each column.

        Args:
            index: ``(n,)`` long, the image's number, the same in every process; a row whose number was seen
                is dropped. None: every row counts.
            values: one tensor for each column.
        """
        count = len(next(iter(values.values())))
        index = torch.full((count,), ANONYMOUS) if index is None else checked_index(index, count)
        for name, value in {"index": index, **values}.items():
            shape, dtype = self._columns[name]
            if value.shape != (count, *shape):
                raise UsageError(f"{name} must be {(count, *shape)}, got {tuple(value.shape)}")
            getattr(self, name).append(value.detach().to(self.device, dtype))

    def distinct_rows(self) -> dict[str, Tensor]:
        """Return every column ``(n, ...)``, each image once."""
        gathered = {name: _concatenated(getattr(self, name)) for name in self._columns}
        keep = first_occurrences(gathered["index"])
        return {name: rows[keep] for name, rows in gathered.items()}


def first_occurrences(index: Tensor) -> Tensor:
    """Return the rows ``(n,)``, in order, whose index was not seen before; an anonymous row is always new.

    Example:
        >>> first_occurrences(torch.tensor([7, 3, 7, -1, -1]))
        tensor([0, 1, 3, 4])
    """
    ordered, order = index.sort(stable=True)
    new = torch.ones_like(ordered, dtype=torch.bool)
    new[1:] = (ordered[1:] != ordered[:-1]) | (ordered[1:] == ANONYMOUS)
    return order[new].sort().values


def _parts(value: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return value if isinstance(value, tuple) else (value,)


def _concatenated(rows: list[Tensor] | Tensor) -> Tensor:
    return rows if isinstance(rows, Tensor) else torch.cat(rows)


def checked_index(index: Tensor, count: int) -> Tensor:
    """Return ``index`` if it is ``(count,)`` whole numbers from 0; refuse it otherwise."""
    if index.shape != (count,) or index.is_floating_point():
        raise UsageError(f"index must be whole numbers ({count},), got {index.dtype} {tuple(index.shape)}")
    if (index < 0).any():
        raise UsageError(f"index must be 0 or more, got {int(index.min())}")
    return index
