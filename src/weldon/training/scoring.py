"""Score a whole set with a network: what thresholds, figures and reports are made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from weldon.models import RegionNet
from weldon.training.module import Batch, score_batch


@dataclass(frozen=True)
class ScoredSet:
    """The scores of N images beside their labels.

    Args:
        scores: ``(N, C)`` float.
        target: ``(N, C)`` float in {0, 1}.
        known: ``(N, C)`` bool.
        index: ``(N,)`` position of each image in its dataset.
        map_scale: the 99.5th percentile of the size of class-map values: the one scale of the run's pictures.
    """

    scores: Tensor
    target: Tensor
    known: Tensor
    index: Tensor
    map_scale: float


@torch.no_grad()
def score_set(net: RegionNet, batches: Iterable[Batch]) -> ScoredSet:
    """Return scores and labels of every image in ``batches``, in evaluation mode."""
    device = next(net.parameters()).device
    net.eval()
    parts: list[tuple[Tensor, ...]] = []
    sizes: list[Tensor] = []
    for batch in batches:
        on_device = {name: value.to(device) for name, value in batch.items() if isinstance(value, Tensor)}
        scores, maps = score_batch(net, on_device, return_maps=True)
        parts.append(
            tuple(t.cpu() for t in (scores.float(), batch["target"], batch["known"], batch["index"]))
        )
        sizes.append(maps.float().abs().flatten()[:: max(1, maps.numel() // 10_000)].cpu())
    scores, target, known, index = (torch.cat(column) for column in zip(*parts, strict=True))
    return ScoredSet(scores, target, known, index, float(torch.cat(sizes)[:1_000_000].quantile(0.995)))
