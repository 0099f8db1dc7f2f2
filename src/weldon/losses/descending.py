"""Sort rows of scores from the highest down, through integers: several times faster on a CPU, and stable.

The bit pattern of a float, read as an integer, is already in order among the positive floats and in reverse
among the negative ones; flipping the latter makes integer order equal float order. PyTorch radix-sorts long
1-D integers.
"""

from __future__ import annotations

import torch
from torch import Tensor

SHORT = 128  # rows up to here are sorted before their bits are turned
RADIX_LENGTH = 32_768  # shortest row that PyTorch's CPU radix sort takes, and it takes one at a time

_INTEGER = {torch.float32: torch.int32, torch.float64: torch.int64}


def sort_descending(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Sort each row from the highest score down; equal scores keep their order.

    Args:
        scores: ``(C, N)`` float of any width, no NaN.

    Returns:
        The sorted scores ``(C, N)``, float32 or wider, and where each came from, ``(C, N)`` int64.

    Example:
        >>> sort_descending(torch.tensor([[1.0, -2.0, 3.0]]))
        (tensor([[ 3.,  1., -2.]]), tensor([[2, 0, 1]]))
    """
    wide = (
        scores.to(torch.promote_types(scores.dtype, torch.float32)) + 0.0
    )  # -0.0 becomes 0.0: they are equal
    if wide.shape[1] < SHORT:
        ordered, place = wide.sort(dim=1, descending=True, stable=True)
        return ordered, place
    order = _order_ascending(~_in_order(wide.view(_INTEGER[wide.dtype])))
    return wide.gather(1, order), order


def _in_order(bits: Tensor) -> Tensor:
    """Float bits as integers in the order of the floats."""
    info = torch.iinfo(bits.dtype)
    return bits ^ ((bits >> (info.bits - 1)) & info.max)


def _order_ascending(keys: Tensor) -> Tensor:
    if keys.device.type != "cpu" or keys.shape[1] < RADIX_LENGTH:
        return keys.argsort(dim=1, stable=True)
    return torch.stack([key.argsort(stable=True) for key in keys])
