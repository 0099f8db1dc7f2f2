"""Measure PxAP: the average precision of the pixels of score maps against masks.

Source: Choe et al., "Evaluating weakly supervised object localization methods right" (CVPR 2020). All pixels
of all maps stand in one ranking, so maps must share a scale; WSOL stretches each map to [0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.metrics.average_precision import summarise_ranking
from weldon.metrics.ranking import Ranking
from weldon.void import VOID

BINS = 1000


def normalise_map(score_map: Tensor) -> Tensor:
    """Stretch a map ``(..., H, W)`` so that its lowest score is 0 and its highest 1; a flat map becomes 0.

    Example:
        >>> normalise_map(torch.tensor([[-2.0, 0.0], [1.0, 2.0]]))
        tensor([[0.0000, 0.5000],
                [0.7500, 1.0000]])
    """
    low = score_map.amin((-2, -1), keepdim=True)
    span = score_map.amax((-2, -1), keepdim=True) - low
    return torch.where(span > 0, (score_map - low) / span, 0.0).clamp(0, 1)


def score_histogram(score_map: Tensor, mask: Tensor, *, bins: int = BINS, ignore_index: int = VOID) -> Tensor:
    """Count pixels ``(2, bins + 1)`` of background (row 0) and object (row 1) at each threshold ``i / bins``.

    Args:
        score_map: ``(H, W)`` float in [0, 1]; :func:`normalise_map` makes it so.
        mask: ``(H, W)`` whole numbers: 0 background, 1 object, ``ignore_index`` left out.
        bins: steps from 0 to 1; a score counts at the highest threshold it reaches.
        ignore_index: mask value that counts nowhere.

    Raises:
        UsageError: shapes differ, a score leaves [0, 1], or the mask holds another value.

    Example:
        >>> score_histogram(torch.tensor([[0.1, 0.6, 1.0]]), torch.tensor([[0, 1, 255]]), bins=2)
        tensor([[1, 0, 0],
                [0, 1, 0]])
    """
    _check_map(score_map, mask, ignore_index)
    counted = mask != ignore_index
    edges = torch.arange(bins + 1, dtype=torch.float64, device="cpu") / bins
    level = torch.bucketize(score_map[counted].detach().cpu().double(), edges, right=True) - 1
    cell = mask[counted].cpu().long() * (bins + 1) + level
    return cell.bincount(minlength=2 * (bins + 1)).reshape(2, bins + 1).to(score_map.device)


def pixel_average_precision(
    score_maps: Sequence[Tensor] | Tensor,
    masks: Sequence[Tensor] | Tensor,
    *,
    bins: int = BINS,
    ignore_index: int = VOID,
) -> Tensor:
    """Return PxAP, the area under precision over recall of all pixels together; NaN without object pixels.

    Args:
        score_maps: P maps ``(H, W)`` float in [0, 1], of any sizes; :func:`normalise_map` makes them so.
        masks: P masks of the same sizes: 0 background, 1 object, ``ignore_index`` left out.
        bins: number of threshold steps; 1000 as WSOL has it.
        ignore_index: mask value that counts nowhere.

    Raises:
        UsageError: counts or shapes differ, a score leaves [0, 1], or a mask holds another value.

    Example:
        >>> maps, masks = torch.tensor([[[0.9, 0.8, 0.7]]]), torch.tensor([[[1, 0, 1]]])
        >>> pixel_average_precision(maps, masks)  # one half of 1/1 and one half of 2/3
        tensor(0.8333)
    """
    if len(score_maps) != len(masks):
        raise UsageError(f"masks must be as many as score_maps ({len(score_maps)}), got {len(masks)}")
    total = torch.zeros(2, bins + 1, dtype=torch.long)
    for score_map, mask in zip(score_maps, masks, strict=True):
        total += score_histogram(score_map, mask, bins=bins, ignore_index=ignore_index).cpu()
    return histogram_average_precision(total)


def histogram_average_precision(histogram: Tensor) -> Tensor:
    """Return the average precision of a :func:`score_histogram`, or of the sum of several."""
    background, found = histogram.cpu().flip(1).cumsum(1)
    some = background + found > 0
    edges = torch.linspace(1, 0, histogram.shape[1])
    ranking = Ranking(edges[some], (background + found)[some], found[some])
    return torch.tensor(summarise_ranking(ranking, int(found[-1])), device=histogram.device)


def _check_map(score_map: Tensor, mask: Tensor, ignore_index: int) -> None:
    if score_map.ndim != 2 or mask.shape != score_map.shape:
        raise UsageError(
            f"score_map and mask must be one (H, W), got {tuple(score_map.shape)} and {tuple(mask.shape)}"
        )
    if not ((score_map >= 0) & (score_map <= 1)).all():
        raise UsageError(
            "score_map must be in [0, 1], got values outside or NaN: stretch it with normalise_map"
        )
    strange = mask[(mask != 0) & (mask != 1) & (mask != ignore_index)]
    if len(strange):
        raise UsageError(f"mask must be 0, 1 or {ignore_index}, got {strange[0].item()}")
