"""A large picture as overlapping tiles on its own grid: where they lie, and which cells each one gives."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import torch
from PIL import Image
from torch import Generator, Tensor
from torchvision.transforms.v2 import functional as tv

from weldon.data.geometry import TILES, Geometry
from weldon.data.greys import Window
from weldon.data.transforms import IMAGENET_MEAN, IMAGENET_STD, EvalTransform, Size, normalised
from weldon.data.windows import Windows, open_windows
from weldon.errors import UsageError

CELLS_OVER = 2  # cells by which neighbours overlap where nothing is said


class Span(NamedTuple):
    """One tile along one axis, in cells of the picture's grid.

    Args:
        start: its first cell.
        first: the first cell that is taken from it.
        end: the cell behind the last one taken.
    """

    start: int
    first: int
    end: int

    @property
    def inside(self) -> slice:
        """The cells taken, counted from the tile's own first."""
        return slice(self.first - self.start, self.end - self.start)


class Tile(NamedTuple):
    """A part of a picture as the network takes it.

    Args:
        rows: where it lies from the top.
        columns: where it lies from the left.
        pixels: ``(3, T, T)`` float, normalised; beside the picture 0.
    """

    rows: Span
    columns: Span
    pixels: Tensor


class Tiling(EvalTransform):
    """How a picture in its own pixels is cut into tiles.

    Neighbours share ``overlap`` pixels, and the seam lies in the middle of them: each cell is taken from the
    tile in which it lies farther from the border, and no cell twice. All tiles are whole: the last one moves
    back until it ends with the picture, and beside a picture that is smaller there is padding.

    Args:
        tile: side of a tile in pixels, T.
        overlap: pixels that neighbours share; None: two cells.
        cell: pixels from one cell of the network's maps to the next.
        mean: of the backbone's training set, three floats for values in [0, 1].
        std: likewise.
        window: as in ``EvalTransform``; :func:`weldon.data.windows.open_windows` takes it.

    Raises:
        UsageError: sides that are no whole cells, or an overlap as large as a tile.
    """

    def __init__(
        self,
        tile: int,
        overlap: int | None,
        cell: int,
        mean: tuple[float, float, float] = IMAGENET_MEAN,
        std: tuple[float, float, float] = IMAGENET_STD,
        *,
        window: Window | None = None,
    ) -> None:
        super().__init__(tile, mean=mean, std=std, window=window)
        self.resize = TILES
        self.tile, self.cell = tile, cell
        usual = CELLS_OVER * cell if CELLS_OVER * cell < tile else 0
        self.overlap = usual if overlap is None else overlap
        for name, side in (("tile", tile), ("overlap", self.overlap)):
            if side % cell:
                below = side - side % cell
                near = " or ".join(str(one) for one in (below, below + cell) if one or name == "overlap")
                raise UsageError(f"{name} must be a multiple of {cell} (stride), got {side}: take {near}")
        if not 0 <= self.overlap < tile:
            raise UsageError(f"overlap must be from 0 to less than tile {tile}, got {self.overlap}")

    def needed(self, width: int, height: int) -> Size | None:
        """Return None: tiles are cut from all pixels."""
        return None

    def __call__(
        self, image: Image.Image, generator: Generator | None = None, original: Size | None = None
    ) -> tuple[Tensor, Tensor, Geometry]:
        """Return the tiles ``(n, 3, T, T)``, a mask of real cells ``(h, w)`` (all), and where cells lie.

        Args:
            image: upright RGB; :meth:`tiles` is for one that is large.
            generator: not used: nothing is left to chance.
            original: not used: tiles are cut from all pixels.
        """
        with open_windows(image) as picture:
            tiles = torch.stack([tile.pixels for tile in self.tiles(picture)])
        return tiles, torch.ones(self.grid(image.size), dtype=torch.bool), self.geometry(image.size)

    def geometry(self, size: tuple[int, int]) -> Geometry:
        """Return where cells lie in a picture of that width and height."""
        return Geometry(*size, self.cell, TILES)

    def grid(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return rows and columns of the map of a picture of that width and height.

        Example:
            >>> Tiling(448, 64, 32).grid((1000, 496))  # 31.25 cells across and 15.5 down
            (16, 31)
        """
        across, down = self.geometry(size).canvas
        return down // self.cell, across // self.cell

    def spans(self, side: int) -> list[Span]:
        """Return the tiles along a side of so many pixels.

        Example:
            >>> Tiling(128, 64, 32).spans(200)  # 7 cells, the last of which is less than half picture
            [Span(start=0, first=0, end=3), Span(start=2, first=3, end=4), Span(start=3, first=4, end=6)]
        """
        length, shared = self.tile // self.cell, self.overlap // self.cell
        cells = max(length, -(-side // self.cell))  # with those that are less than half picture
        starts = [*range(0, cells - length, length - shared), cells - length]
        seams = [(after + before + length) // 2 for before, after in itertools.pairwise(starts)]
        last = self.grid((side, side))[0]
        edges = [min(edge, last) for edge in (0, *seams, last)]
        spans = (Span(*part) for part in zip(starts, edges, edges[1:], strict=False))
        return [span for span in spans if span.end > span.first]

    def tiles(self, picture: Windows) -> Iterator[Tile]:
        """Yield the tiles of a picture from left to right, then from top to bottom.

        Only the rows of one line of tiles are in memory at a time.

        Raises:
            DataError: a part of the file cannot be read.
        """
        width, height = picture.size
        for rows in self.spans(height):
            top = rows.start * self.cell
            band = picture.band(top, min(top + self.tile, height))
            for columns in self.spans(width):
                yield Tile(rows, columns, self._pixels(band, columns.start * self.cell))

    def _pixels(self, band: Image.Image, left: int) -> Tensor:
        seen = band.crop((left, 0, min(left + self.tile, band.width), band.height))
        pixels = torch.zeros(3, self.tile, self.tile)
        pixels[:, : seen.height, : seen.width] = normalised(tv.pil_to_tensor(seen), self.mean, self.std)
        return pixels
