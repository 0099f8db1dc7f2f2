"""Masks given as run lengths, as COCO and CVAT write them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def mask_of_runs(runs: Sequence[int], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return ``shape`` bool, filled row by row with runs that begin outside the mask.

    COCO fills column by column: ask for the shape ``(width, height)`` and transpose.

    Raises:
        ValueError: the runs do not fill the shape.

    Example:
        >>> mask_of_runs([1, 2, 3], (2, 3)).astype(int).tolist()
        [[0, 1, 1], [0, 0, 0]]
    """
    lengths = _lengths(runs, shape)
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(shape)


def box_of_runs(runs: Sequence[int], shape: tuple[int, int]) -> tuple[float, float, float, float] | None:
    """Return the edges x1, y1, x2, y2 around a mask of ``shape`` without filling it; None where it is empty.

    Takes memory for the runs alone, whatever size the file claims.

    Raises:
        ValueError: the runs do not fill the shape.

    Example:
        >>> box_of_runs([1, 2, 3], (2, 3))
        (1.0, 0.0, 3.0, 1.0)
    """
    lengths = _lengths(runs, shape)
    ends = np.cumsum(lengths)
    drawn = (np.arange(len(lengths)) % 2 == 1) & (lengths > 0)
    starts, lasts = (ends - lengths)[drawn], ends[drawn] - 1
    if not len(starts):
        return None
    (top, left), (bottom, right) = (np.divmod(places, shape[1]) for places in (starts, lasts))
    broken = (bottom > top).any()  # a run that goes on in the next row touches both sides
    x1, x2 = (0, shape[1]) if broken else (left.min(), right.max() + 1)
    return float(x1), float(top.min()), float(x2), float(bottom.max() + 1)


def _lengths(runs: Sequence[int], shape: tuple[int, int]) -> NDArray[np.int64]:
    """Return the runs as numbers, checked to fill the shape."""
    size = shape[0] * shape[1]
    lengths = np.array(runs, dtype=np.int64)
    if min(shape) < 1 or lengths.ndim != 1 or (lengths < 0).any() or (lengths > size).any():
        raise ValueError(f"run lengths must be of a mask, got a mask of {shape[0]} x {shape[1]}")
    if sum(lengths.tolist()) != size:
        raise ValueError(f"run lengths must add up to the {size} pixels of the mask")
    return lengths


def runs_of_text(text: str) -> list[int]:
    """Return the run lengths of a COCO string: 5 bits a character, differences from the fourth on.

    Raises:
        ValueError: a character that stands for no bits, or the last number is cut off.

    Example:
        >>> runs_of_text("132O")   # O is -1: 1 less than the number two before
        [1, 3, 2, 2]
    """
    runs: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            raise ValueError(f"{character!r} stands for no run length")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:  # more bits of this number follow
            continue
        if bits & 16:  # negative
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    if shift:
        raise ValueError("the run lengths are cut off")
    return runs
