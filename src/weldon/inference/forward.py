"""One forward pass that keeps everything an explanation needs."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.models import RegionNet, WeldonNet, cell_mask
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


def forward_with_weights(net: WeldonNet, images: Tensor, mask: Tensor) -> ForwardOutput:
    """Return scores, class maps and the weight of each region in each score.

    Args:
        net: the network, in evaluation mode.
        images: ``(N, 3, S, S)`` float.
        mask: ``(N, S, S)`` bool, True on real pixels.

    Raises:
        UsageError: a pooling of the user's that does not say how it weighs regions.
    """
    with torch.no_grad():
        features = net.features(images)  # (N, F, h, w)
    return head_with_weights(net, features, mask)


@torch.no_grad()
def head_with_weights(net: RegionNet, features: Tensor, mask: Tensor) -> ForwardOutput:
    """Return the same from feature maps, as from a cache.

    Args:
        net: transfer layer and pooling, in evaluation mode; a backbone is not looked at.
        features: ``(N, F, h, w)`` float.
        mask: ``(N, S, S)`` bool on pixels, or ``(N, h, w)`` on cells.

    Raises:
        UsageError: as for :func:`forward_with_weights`.
    """
    regions = net.transfer_scores(features)  # (N, C * M, h, w)
    grid = (regions.shape[2], regions.shape[3])
    cells = cell_mask(mask, grid)  # (N, h, w)
    pool = net.pool
    if not isinstance(pool, RegionPool):
        raise UsageError(f"`pool` must be a RegionPool, which weighs its regions, got {type(pool).__name__}")
    maps = net.class_maps(regions)  # (N, C, h, w)
    positive, negative = (side.view(maps.shape) for side in pool.region_weights(regions, cells))
    return ForwardOutput(*(part.float().cpu() for part in (pool(regions, cells), maps, positive, negative)))
