"""Run a network once and keep everything that an explanation needs."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from weldon.device import to_processor
from weldon.errors import UsageError
from weldon.models import RegionNet, cell_mask
from weldon.pooling import RegionPool


class ForwardOutput(NamedTuple):
    """What a batch of images or bags gives, on the processor, in 32-bit floats.

    Args:
        scores: ``(N, C)``.
        class_maps: ``(N, C, h, w)`` or ``(N, C, R)``.
        positive: of the same shape, weights of the regions as evidence for.
        negative: of the same shape, weights of the regions as evidence against.
    """

    scores: Tensor
    class_maps: Tensor
    positive: Tensor
    negative: Tensor


PRECISIONS: dict[str, torch.dtype | None] = {
    "32-true": None,
    "bf16-mixed": torch.bfloat16,
    "16-mixed": torch.float16,
}


def forward_with_weights(
    net: RegionNet, x: Tensor, mask: Tensor | None = None, *, precision: str = "32-true"
) -> ForwardOutput:
    """Return scores, class maps and the weight of each region in each score.

    Args:
        net: the network, in evaluation mode.
        x: images ``(N, 3, S, S)``, float or uint8, or bags ``(N, F, R)``, float.
        mask: ``(N, S, S)`` or ``(N, R)`` bool, True on real pixels or instances; None: all are.
        precision: a key of :data:`PRECISIONS`, in which features are computed; what follows is always in
            the network's own.

    Raises:
        UsageError: a pooling of the user's that does not say how it weighs regions.
    """
    narrow = PRECISIONS[precision]
    with torch.no_grad():
        images = net.prepared(x, mask)
        with torch.autocast(images.device.type, narrow, enabled=narrow is not None):
            features = net.features(images)  # (N, F, h, w) or (N, F, R)
    return head_with_weights(net, features.to(images.dtype), mask)


@torch.no_grad()
def head_with_weights(net: RegionNet, features: Tensor, mask: Tensor | None = None) -> ForwardOutput:
    """Return the same from feature maps, as from a cache.

    Args:
        net: transfer layer and pooling, in evaluation mode; a backbone is not looked at.
        features: ``(N, F, h, w)`` or ``(N, F, R)`` float.
        mask: ``(N, S, S)`` bool on pixels, ``(N, h, w)`` on cells or ``(N, R)`` on instances; None: all real.

    Raises:
        UsageError: as for :func:`forward_with_weights`.
    """
    return pooled_with_weights(net, net.transfer_scores(features), mask)


@torch.no_grad()
def pooled_with_weights(net: RegionNet, regions: Tensor, mask: Tensor | None = None) -> ForwardOutput:
    """Return the same from what the transfer layer gave.

    Args:
        net: its pooling is used.
        regions: ``(N, C * M, h, w)`` or ``(N, C * M, R)`` float.
        mask: as for :func:`head_with_weights`.

    Raises:
        UsageError: as for :func:`forward_with_weights`.
    """
    if mask is not None and regions.ndim == 4:
        mask = cell_mask(mask, (regions.shape[2], regions.shape[3]))  # (N, h, w)
    pool = net.pool
    if not isinstance(pool, RegionPool):
        raise UsageError(f"`pool` must be a RegionPool, which weighs its regions, got {type(pool).__name__}")
    maps = net.class_maps(regions)  # (N, C, h, w) or (N, C, R)
    positive, negative = (side.view(maps.shape) for side in pool.region_weights(regions, mask))
    return ForwardOutput(*to_processor(pool(regions, mask), maps, positive, negative))
