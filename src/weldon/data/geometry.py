"""Where a cell of a map lies in the original picture: the only place that knows of resizing and padding."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING

from weldon.errors import UsageError

if TYPE_CHECKING:  # the recipe reads the limits below: help and errors come before torch
    from torch import Tensor

RESIZES = ("keep", "warp")
TILES = "tiles"  # the picture in its own pixels, seen by tiles: its map is stitched from theirs
LEAST_SIDE, MOST_SIDE = 16, 4096  # of the canvas; a picture of 4096 is 200 MB on its way to the network


@dataclass(frozen=True, slots=True)
class Geometry:
    r"""How one picture was laid on the square canvas that the network sees.

    ``keep`` scales the long side to the canvas and puts the picture in the upper left corner, the rest being
    padding; ``warp`` stretches it over the whole canvas. A map of h x w cells covers the canvas evenly, so
    column j spans :math:`[j S / w, (j + 1) S / w]` on a canvas of side S.

    ``tiles`` leaves the picture in its own pixels. The canvas is then as many cells of ``image_size`` pixels
    as are at least half picture; a strip of less than half a cell at the far edges lies beside it.

    Args:
        width: of the upright original, in pixels.
        height: of the upright original, in pixels.
        image_size: side of the canvas, in pixels; for ``tiles`` that of one cell.
        resize: ``keep``, ``warp`` or ``tiles``.
        shrink: share of the canvas that is used, in (0, 1]; below 1 only in training with scale jitter.

    Raises:
        UsageError: a side below 1, an unknown ``resize``, a ``shrink`` outside (0, 1].
    """

    width: int
    height: int
    image_size: int
    resize: str = "keep"
    shrink: float = 1.0

    def __post_init__(self) -> None:
        for name in ("width", "height", "image_size"):
            if getattr(self, name) < 1:
                raise UsageError(f"`{name}` must be at least 1, got {getattr(self, name)!r}")
        if self.resize not in (*RESIZES, TILES):
            raise UsageError(f"`resize` must be one of {', '.join((*RESIZES, TILES))}, got {self.resize!r}")
        if not 0 < self.shrink <= 1:
            raise UsageError(f"`shrink` must be in (0, 1], got {self.shrink!r}")

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height of the canvas that a map covers, in pixels.

        Example:
            >>> Geometry(400, 200, 320).canvas, Geometry(400, 200, 32, "tiles").canvas
            ((320, 320), (416, 192))
        """
        if self.resize != TILES:
            return self.image_size, self.image_size
        across, down = (max(1, floor(side / self.image_size + 0.5)) for side in (self.width, self.height))
        return across * self.image_size, down * self.image_size

    @property
    def valid(self) -> tuple[int, int]:
        """Width and height of the picture on the canvas, in canvas pixels; the rest is padding.

        Example:
            >>> Geometry(400, 200, 320).valid, Geometry(400, 200, 320, "warp").valid
            ((320, 160), (320, 320))
        """
        if self.resize == TILES:
            return self.width, self.height
        side = self.image_size * self.shrink
        longest = max(self.width, self.height)
        across = side if self.resize == "warp" else side * self.width / longest
        down = side if self.resize == "warp" else side * self.height / longest
        return max(1, round(across)), max(1, round(down))

    @property
    def scale_x(self) -> float:
        """Canvas pixels for one original pixel, across."""
        return self.valid[0] / self.width

    @property
    def scale_y(self) -> float:
        """Canvas pixels for one original pixel, down."""
        return self.valid[1] / self.height

    def real_cells(self, grid: tuple[int, int]) -> tuple[int, int]:
        """Return how many rows and columns of an ``(h, w)`` map are at least half picture, one at the least.

        Example:
            >>> Geometry(400, 200, 320).real_cells((10, 10))   # 160 canvas pixels down = 5 cells of 32
            (5, 10)
        """
        rows, columns = grid
        across, down = self.valid
        width, height = self.canvas
        return _real(down, rows, height), _real(across, columns, width)

    def cell_box(self, row: int, column: int, grid: tuple[int, int]) -> tuple[float, float, float, float]:
        """Return the cell's x1, y1, x2, y2 in pixels of the original, clipped to it.

        Args:
            row: counted from the top, from 0.
            column: counted from the left, from 0.
            grid: ``(h, w)`` of the map.

        Example:
            >>> Geometry(400, 200, 320).cell_box(1, 9, (10, 10))
            (360.0, 40.0, 400.0, 80.0)
        """
        x1, y1 = self._to_original(column, row, grid)
        x2, y2 = self._to_original(column + 1, row + 1, grid)
        return x1, y1, x2, y2

    def cell_centre(self, row: int, column: int, grid: tuple[int, int]) -> tuple[float, float]:
        """Return x and y of the cell's centre in pixels of the original, clipped to it.

        Example:
            >>> Geometry(400, 200, 320).cell_centre(1, 9, (10, 10))
            (380.0, 60.0)
        """
        return self._to_original(column + 0.5, row + 0.5, grid)

    def _to_original(self, column: float, row: float, grid: tuple[int, int]) -> tuple[float, float]:
        rows, columns = grid
        width, height = self.canvas
        x = column * width / columns / self.scale_x
        y = row * height / rows / self.scale_y
        return min(max(x, 0.0), float(self.width)), min(max(y, 0.0), float(self.height))


def crop_map(scores: Tensor, geometry: Geometry) -> Tensor:
    """Return the part of a map that lies on the picture, without the cells of padding.

    Args:
        scores: ``(C, h, w)`` over the whole canvas.
        geometry: how the picture lay on it.
    """
    rows, columns = geometry.real_cells((scores.shape[-2], scores.shape[-1]))
    return scores[..., :rows, :columns]


def upsample_map(
    scores: Tensor,
    geometry: Geometry,
    *,
    size: tuple[int, int] | None = None,
    rows: tuple[int, int] | None = None,
) -> Tensor:
    """Return a map at the size of the original picture, bilinear between cell centres.

    Each pixel asks the map at its own place on the canvas, so that padding and an uneven number of cells are
    exact; cells of padding are never mixed in.

    Args:
        scores: ``(C, h, w)`` over the whole canvas.
        geometry: how the picture lay on it.
        size: ``(height, width)`` of the answer; the original's by default.
        rows: the first of the answer's rows that is wanted, and the one behind the last; None: all.

    Returns:
        ``(C, height, width)``, or the wanted rows of it.

    Example:
        >>> import torch
        >>> upsample_map(torch.tensor([[[0.0, 4.0], [0.0, 4.0]]]), Geometry(4, 4, 8))[0, 0]
        tensor([0., 1., 3., 4.])
    """
    height, width = size or (geometry.height, geometry.width)
    across, down = geometry.valid
    real = crop_map(scores, geometry)
    wide, high = geometry.canvas
    tall = _sample(real, height, down * scores.shape[-2] / high, dim=-2, part=rows)  # (C, height, w)
    return _sample(tall, width, across * scores.shape[-1] / wide, dim=-1)  # (C, height, width)


def _real(extent: int, cells: int, side: int) -> int:
    """Count the cells along one side that are at least half covered by ``extent`` canvas pixels."""
    return min(cells, max(1, floor(extent * cells / side + 0.5)))


def _sample(
    scores: Tensor, pixels: int, extent: float, *, dim: int, part: tuple[int, int] | None = None
) -> Tensor:
    """Read ``pixels`` evenly spaced values, or a part of them, from the first ``extent`` cells, linearly."""
    import torch

    last = scores.shape[dim] - 1
    wanted = torch.arange(*(part or (0, pixels)), device=scores.device, dtype=torch.float64)
    places = (wanted + 0.5) * (extent / pixels) - 0.5
    places = places.clamp(0, last)
    lower = places.floor().long()
    upper = (lower + 1).clamp(max=last)
    share = (places - lower).to(scores.dtype)
    if dim == -2:
        share = share[:, None]
    return torch.lerp(scores.index_select(dim, lower), scores.index_select(dim, upper), share)
