"""Regions as every pooling sees them: flat, masked where they are padding, counted as a number or a share."""

from __future__ import annotations

from typing import cast, overload

import torch
from torch import Tensor, nn

from weldon.errors import UsageError
from weldon.pooling.count import Count

SHARE_STEPS = 1_000_000  # shares are whole millionths, so that int, tensor and exported graph round alike


class RegionPool(nn.Module):
    """What every pooling module offers: scores of classes, and the weight each region has in them.

    Options of a subclass are the keyword arguments of its ``__init__``, each with a default and a line under
    Args of the class; the flags of ``weldon train`` are read there (:mod:`weldon.class_options`).

    Attributes:
        maps_per_class: M, maps of each class.
        default_share: of the regions, which a network takes as ``k_max`` and ``k_min`` where none is given;
            None: the pooling counts no regions, or has counts of its own.
        adds_up: whether the score is the weighted sum of the regions' scores, with nothing left over.
    """

    maps_per_class = 1
    default_share: float | None = None
    adds_up = True

    def forward(self, scores: Tensor, mask: Tensor | None = None) -> Tensor:
        """Turn region scores ``(N, C, H, W)`` or ``(N, C, R)`` into class scores ``(N, C)``."""
        raise NotImplementedError

    def region_weights(self, scores: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Say how much each region counts as evidence for and against each class.

        Returns:
            ``(positive, negative)``, both ``(N, C, R)``, at least zero, 0 on padding, float32 or wider.
            Their sum is the gradient of the class score by :meth:`class_maps`.
        """
        raise NotImplementedError

    def class_maps(self, scores: Tensor) -> Tensor:
        """Give the one map per class that is pooled; the scores themselves unless a class has several."""
        return scores


def flatten_regions(scores: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
    """Flatten maps to bags: scores ``(N, C, R)`` and mask ``(N, R)``, refusing what cannot be pooled.

    Args:
        scores: ``(N, C, H, W)`` or ``(N, C, R)`` float, class evidence per region, any real.
        mask: ``(N, H, W)`` or ``(N, R)`` bool, True on real regions; None means all are real.

    Raises:
        UsageError: scores or mask of another shape or dtype, or an image without a real region. The last
            depends on the mask's values, so that a compiled or exported graph does not check it: its score
            for such an image is not finite.

    Example:
        >>> regions, real = flatten_regions(torch.zeros(2, 3, 4, 5), torch.ones(2, 4, 5, dtype=torch.bool))
        >>> regions.shape, real.shape
        (torch.Size([2, 3, 20]), torch.Size([2, 20]))
    """
    if not scores.is_floating_point():
        raise UsageError(f"`scores` must be a floating point tensor, got {scores.dtype}")
    if scores.ndim not in (3, 4):
        raise UsageError(f"`scores` must be (N, C, H, W) or (N, C, R), got shape {tuple(scores.shape)}")
    regions = scores.flatten(2)  # (N, C, R)
    if regions.shape[2] == 0:
        raise UsageError(f"`scores` must have at least one region, got shape {tuple(scores.shape)}")
    return regions, None if mask is None else _flatten_mask(mask, scores)


def _flatten_mask(mask: Tensor, scores: Tensor) -> Tensor:
    shape = (scores.shape[0], *scores.shape[2:])
    if mask.dtype != torch.bool:
        raise UsageError(f"`mask` must be bool, True on real regions, got {mask.dtype}")
    if mask.shape != shape:
        raise UsageError(f"`mask` must have shape {tuple(shape)} to fit `scores`, got {tuple(mask.shape)}")
    real = mask.flatten(1)  # (N, R)
    if not (torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export()):
        _require_real(real)
    return real


def _require_real(real: Tensor) -> None:
    empty = ~real.any(dim=1)
    if empty.any():
        images = ", ".join(str(image) for image in empty.nonzero().flatten().tolist())
        raise UsageError(
            f"`mask` must leave every image a real region, got none for image {images} of the batch"
        )


def weighted_places(scores: Tensor, weights: Tensor, *, highest_first: bool) -> list[tuple[int, ...]]:
    """Return where the regions lie that have a weight, the strongest first; of equal ones the first first.

    Args:
        scores: ``(h, w)`` or ``(R,)`` real, of one class.
        weights: of the same shape, at least 0.
        highest_first: begin with the highest score, as evidence for does; False: with the lowest.

    Example:
        >>> weighted_places(torch.tensor([1.0, 5.0, 9.0]), torch.tensor([0.5, 0.5, 0.0]), highest_first=True)
        [(1,), (0,)]
    """
    places = torch.nonzero(weights > 0)  # (K, 2) or (K, 1)
    order = torch.argsort(scores[tuple(places.T)].double(), descending=highest_first, stable=True)
    return [tuple(place) for place in places[order].tolist()]


def accumulation_dtype(scores: Tensor) -> torch.dtype:
    """Sums and exponentials are taken in float32, or in the scores' own dtype where that is wider."""
    return torch.promote_types(scores.dtype, torch.float32)


def fill_padding(regions: Tensor, real: Tensor | None, value: float) -> Tensor:
    """Overwrite what stands on padding, so that neither its value (NaN, inf) nor its gradient passes."""
    return regions if real is None else regions.masked_fill(~real.unsqueeze(1), value)


@overload
def resolve_count(k: Count, regions: int) -> int: ...
@overload
def resolve_count(k: Count, regions: Tensor) -> Tensor: ...
def resolve_count(k: Count, regions: int | Tensor) -> int | Tensor:
    """Turn a count or share ``k`` into a count of the given number of regions.

    A count larger than the regions is clipped to them. A share is rounded to the nearest count, half up, and
    is never less than one region. Only whole numbers are used, hence a tensor of numbers of regions gives
    exactly what each of them would give alone.

    Args:
        k: a count (int), a share (float between 0 and 1) or ``"all"``.
        regions: the number of real regions, or ``(N,)`` int64, one for each image.

    Example:
        >>> resolve_count(0.2, 49), resolve_count(0.01, 49), resolve_count(60, 49), resolve_count("all", 49)
        (10, 1, 49, 49)
        >>> resolve_count(0.5, torch.tensor([49, 3, 1]))
        tensor([25,  2,  1])
    """
    if isinstance(k, str):
        return regions
    if isinstance(k, int):
        return regions.clamp(max=k) if isinstance(regions, Tensor) else cast(int, torch.sym_min(k, regions))
    share = round(k * SHARE_STEPS)
    count = (2 * share * regions + SHARE_STEPS) // (2 * SHARE_STEPS)
    return count.clamp(min=1) if isinstance(count, Tensor) else cast(int, torch.sym_max(1, count))
