"""Masks given as run lengths, as COCO and CVAT write them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LARGEST_MASK = 1 << 28  # pixels


def mask_of_runs(runs: Sequence[int], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return ``shape`` bool, filled row by row with runs that begin outside the mask.

    COCO fills column by column: ask for the shape ``(width, height)`` and transpose.

    Raises:
        ValueError: the runs do not fill the shape, or it is no size that a picture has.

    Example:
        >>> mask_of_runs([1, 2, 3], (2, 3)).astype(int).tolist()
        [[0, 1, 1], [0, 0, 0]]
    """
    size = shape[0] * shape[1]
    if min(shape) < 1 or size > LARGEST_MASK:
        raise ValueError(f"a mask cannot be {shape[0]} x {shape[1]} pixels")
    lengths = np.array(runs, dtype=np.int64)
    if lengths.ndim != 1 or (lengths < 0).any() or (lengths > size).any() or lengths.sum() != size:
        raise ValueError(f"run lengths must add up to the {size} pixels of the mask")
    inside = np.arange(len(lengths)) % 2 == 1
    return np.repeat(inside, lengths).reshape(shape)


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


def box_of_mask(mask: NDArray[np.bool_]) -> tuple[float, float, float, float] | None:
    """Return the edges x1, y1, x2, y2 around the pixels of a mask ``(H, W)``; None where it has none.

    Example:
        >>> box_of_mask(np.array([[False, False], [False, True]]))
        (1.0, 1.0, 2.0, 2.0)
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
