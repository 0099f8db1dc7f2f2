"""The highest and the lowest of a few numbers, by numpy: there the calls are what takes the time.

Of the maps of one picture it takes a quarter of the time of torch's calls. Padding is left to these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from weldon.pooling.regions import resolve_count

if TYPE_CHECKING:
    from weldon.pooling.highest_lowest import Ends

FEW_DTYPES = (torch.float32, torch.float64)

Cut = tuple[float, bool, "NDArray[Any]", "NDArray[Any] | None"]
"""What a region at an end gets, whether the high end, the last score there and the next behind it."""


def add_few(regions: Tensor, ends: Ends) -> Tensor:
    """Do what :func:`weldon.pooling.highest_lowest.add_evidence` says: ``(N, C, R)`` to ``(N, C)``.

    Args:
        regions: on a processor, of :data:`FEW_DTYPES`, none of them padding.
        ends: what is selected.
    """
    if regions.requires_grad and torch.is_grad_enabled():
        return _FewEnds.apply(regions, ends)  # type: ignore[no-any-return]
    return torch.from_numpy(_sort_few(regions.detach().numpy(), ends)[0])


class _FewEnds(torch.autograd.Function):
    """The score from one sort; the regions that were taken are found again for the gradient."""

    @staticmethod
    def forward(ctx: Any, regions: Tensor, ends: Ends) -> Tensor:
        score, ctx.cuts = _sort_few(regions.detach().numpy(), ends)
        ctx.save_for_backward(regions)
        ctx.ends = ends
        return torch.from_numpy(score)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:
        (regions,) = ctx.saved_tensors
        tied = any((cut == behind).any() for *_, cut, behind in ctx.cuts if behind is not None)
        if tied or torch.is_grad_enabled():  # the slope of a slope is asked for
            from weldon.pooling.highest_lowest import evidence_weights  # which imports this file

            positive, negative = evidence_weights(regions.detach(), None, *ctx.ends)
            return upstream.unsqueeze(-1) * (positive + negative).to(regions.dtype), None
        values, above = regions.detach().numpy(), upstream.detach().numpy()[..., None]
        slopes = [
            ((values >= cut) if largest else (values <= cut)) * (above * share)
            for share, largest, cut, _ in ctx.cuts
        ]
        return torch.from_numpy(sum(slopes[1:], slopes[0])), None


def _sort_few(values: NDArray[Any], ends: Ends) -> tuple[NDArray[Any], list[Cut]]:
    """Score ``(N, C)`` and where each end is cut off."""
    ordered = np.sort(values, axis=-1)
    regions = values.shape[-1]
    scores, cuts = [], []
    for k, largest, weight in zip((ends.k_max, ends.k_min), (True, False), ends.weights, strict=True):
        if k != 0:
            count = resolve_count(k, regions)
            first, last = (regions - count, regions) if largest else (0, count)
            inner, outer = (first, first - 1) if largest else (last - 1, last)
            behind = ordered[..., outer, None] if 0 <= outer < regions else None
            share = weight / count
            scores.append(np.add.reduce(ordered[..., first:last], -1) * share)
            cuts.append((share, largest, ordered[..., inner, None], behind))
    return sum(scores[1:], scores[0]), cuts
