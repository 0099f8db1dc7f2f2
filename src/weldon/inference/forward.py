"""One forward pass that keeps everything an explanation needs."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.models import WeldonNet, cell_mask
from weldon.pooling import RegionPool


class ForwardOutput(NamedTuple):
    """What a batch of images gives, on the processor, in 32-bit floats.

    Args:
        scores: ``(N, C)``.
        class_maps: ``(N, C, h, w)``.
        positive: ``(N, C, h, w)`` weights of the regions as evidence for.
        negative: ``(N, C, h, w)`` weights of the regions as evidence against.
    """

    scores: Tensor
    class_maps: Tensor
    positive: Tensor
    negative: Tensor


@torch.no_grad()
def forward_with_weights(net: WeldonNet, images: Tensor, mask: Tensor) -> ForwardOutput:
    """Return scores, class maps and the weight of each region in each score.

    Args:
        net: the network, in evaluation mode.
        images: ``(N, 3, S, S)`` float.
        mask: ``(N, S, S)`` bool, True on real pixels.

    Raises:
        UsageError: a pooling of the user's that does not say how it weighs regions.
    """
    regions = net.transfer_scores(net.features(images))  # (N, C * M, h, w)
    grid = (regions.shape[2], regions.shape[3])
    cells = cell_mask(mask, grid)  # (N, h, w)
    pool = net.pool
    if not isinstance(pool, RegionPool):
        raise UsageError(f"`pool` must be a RegionPool, which weighs its regions, got {type(pool).__name__}")
    maps = net.class_maps(regions)  # (N, C, h, w)
    positive, negative = (side.view(maps.shape) for side in pool.region_weights(regions, cells))
    return ForwardOutput(*(part.float().cpu() for part in (pool(regions, cells), maps, positive, negative)))
