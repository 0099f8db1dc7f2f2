"""Which cells of a map are picture and which are padding."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from weldon.errors import UsageError

_ROUNDING = 1e-3  # of a pixel: edges of cells that are no whole pixels are rounded in float32


def cell_mask(mask: Tensor, grid: tuple[int, int]) -> Tensor:
    """Tell the real cells of an ``h x w`` map from the real pixels of its canvas.

    A cell is real when at least half of its pixels are. A picture too thin for that keeps its most covered
    cells, so that whatever has a real pixel has a real cell.

    Args:
        mask: ``(N, H, W)`` bool, True on real pixels; already ``(N, h, w)``, it is returned as it is.
        grid: ``(h, w)`` of the map, which covers the canvas evenly.

    Returns:
        ``(N, h, w)`` bool.

    Raises:
        UsageError: a mask of another shape or dtype.

    Example:
        >>> picture = torch.zeros(1, 4, 4, dtype=torch.bool)
        >>> picture[:, :3, :] = True
        >>> cell_mask(picture, (2, 2))   # the lower cells are half picture, and that is enough
        tensor([[[True, True],
                 [True, True]]])
        >>> picture[:, 2, 0] = False
        >>> cell_mask(picture, (2, 2))
        tensor([[[ True,  True],
                 [False,  True]]])
    """
    if mask.ndim != 3 or mask.dtype != torch.bool:
        raise UsageError(f"`mask` must be (N, H, W) bool, got {tuple(mask.shape)} {mask.dtype}")
    rows, columns = grid
    height, width = mask.shape[1:]
    if (height, width) == (rows, columns):
        return mask
    covered = _sum_cells(_sum_cells(mask.float(), columns).mT, rows).mT  # (N, H, W) -> (N, h, w)
    half = height / rows * width / columns / 2
    real = covered >= half - _ROUNDING
    most = covered.amax(dim=(1, 2), keepdim=True)  # (N, 1, 1)
    fallback = (most < half - _ROUNDING) & (most > 0) & (covered == most)
    return real | fallback


def _sum_cells(pixels: Tensor, cells: int) -> Tensor:
    """Sum the last dimension over that many equal cells, a pixel on an edge counting by its share."""
    total = F.pad(pixels.cumsum(dim=-1), (1, 0))  # (..., S + 1): sum left of each pixel edge
    edges = torch.arange(cells + 1, dtype=torch.float64) * pixels.shape[-1] / cells
    left = edges.floor().long().clamp(max=pixels.shape[-1] - 1)
    share = (edges - left).to(pixels)
    left = left.to(pixels.device)
    at_edges = torch.lerp(total[..., left], total[..., left + 1], share)  # (..., cells + 1)
    return at_edges.diff(dim=-1)
