"""Deletion and insertion: how the probability of a class follows the pixels that its map ranks first."""

from __future__ import annotations

import torch
from torch import Tensor

from gradient_maps import Canvas
from weldon.models import WeldonNet

STEPS = 10
CELL = 32  # pixels


def random_map(like: Tensor, chance: torch.Generator) -> Tensor:
    """Return a map of the same size whose cells are ranked by chance."""
    rows, columns = (-(-side // CELL) for side in like.shape)
    cells = torch.rand(rows, columns, generator=chance)
    return cells.repeat_interleave(CELL, 0).repeat_interleave(CELL, 1)[: like.shape[0], : like.shape[1]]


@torch.no_grad()
def area(
    net: WeldonNet, canvas: Canvas, values: Tensor, label: int, *, shown: Tensor, best_first: bool
) -> float:
    """Return the mean probability of a class over the steps from one picture to another.

    Args:
        net: the network.
        canvas: the picture.
        values: its map, which ranks the pixels.
        label: number of the class.
        shown: what stands where the picture is not shown, ``(3, S, S)``.
        best_first: True adds the picture to ``shown``, False takes it away.
    """
    ranks = torch.empty(values.numel(), dtype=torch.long)
    ranks[values.flatten().argsort(descending=True, stable=True)] = torch.arange(values.numel())
    steps = torch.arange(STEPS + 1) * values.numel() // STEPS  # pixels touched
    touched = ranks.view(values.shape) < steps[:, None, None]  # (steps, height, width)
    keep = touched if best_first else ~touched
    pictures = shown.repeat(STEPS + 1, 1, 1, 1)
    down, across = values.shape
    pictures[:, :, :down, :across] = torch.where(
        keep[:, None], canvas.pixels[:, :down, :across], shown[:, :down, :across]
    )
    probabilities = net(pictures, canvas.mask.expand(STEPS + 1, -1, -1))[:, label].sigmoid()
    return float(torch.trapezoid(probabilities, dx=1 / STEPS))
