"""What a ranking of examples refuses."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.losses.reduction import values_can_be_read

Method = Literal["auto", "dense", "levels", "greedy"]


def check_ranking(scores: Tensor, target: Tensor, mask: Tensor | None) -> Tensor:
    """Refuse what cannot be ranked; return which cells are known, ``(N, C)`` bool.

    Raises:
        UsageError: shapes, dtypes or values that do not fit.
    """
    if not scores.is_floating_point() or scores.ndim != 2 or scores.shape[1] == 0:
        raise UsageError(f"`scores` must be (N, C) floating point, got {scores.dtype} {tuple(scores.shape)}")
    if target.shape != scores.shape:
        raise UsageError(f"`target` must be (N, C) = {tuple(scores.shape)}, got shape {tuple(target.shape)}")
    if mask is not None and (mask.dtype != torch.bool or mask.shape != scores.shape):
        raise UsageError(
            f"`mask` must be (N, C) = {tuple(scores.shape)} bool, True on known cells, "
            f"got {mask.dtype} {tuple(mask.shape)}"
        )
    known = torch.ones_like(target, dtype=torch.bool) if mask is None else mask
    wrong = known & (target != 0) & (target != 1)
    if values_can_be_read() and wrong.any():
        row, column = wrong.nonzero()[0].tolist()
        raise UsageError(
            f"`target` must be 0 (absent) or 1 (present) on known cells, got {target[row, column].item()} "
            f"for image {row}, class {column}: mark unknown cells with `mask`"
        )
    return known


def check_ranking_options(*, scale: float, method: str) -> None:
    """Refuse a scale or method that does not exist.

    Raises:
        UsageError: the option, its value and what it must be.
    """
    if not 0 < scale < float("inf"):
        raise UsageError(f"`scale` must be above 0 and finite, got {scale}")
    if method not in get_args(Method):
        raise UsageError(f"`method` must be one of {', '.join(get_args(Method))}, got {method!r}")
