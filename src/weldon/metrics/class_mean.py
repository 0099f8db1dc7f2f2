"""Average a measure over the classes that have one, and name those that have none."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor


def class_mean(per_class: Tensor) -> Tensor:
    """Average a measure over the classes that have one, and warn of those that have none.

    Args:
        per_class: ``(C,)`` float, NaN where the class cannot be measured.

    Returns:
        A scalar; NaN if no class can be measured.

    Example:
        >>> class_mean(torch.tensor([0.5, 1.0]))
        tensor(0.7500)
    """
    missing = per_class.isnan().nonzero().flatten().tolist()
    if missing:
        named = ", ".join(map(str, missing[:10])) + (", ..." if len(missing) > 10 else "")
        warnings.warn(
            f"{len(missing)} of {len(per_class)} classes have nothing to measure "
            f"and are left out of the mean: {named}",
            stacklevel=3,
        )
    return torch.nanmean(per_class)
