"""The map of a large picture, stitched from the maps of its tiles, strip by strip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import torch
from torch import Tensor

from weldon.data.tiles import Tile, Tiling
from weldon.data.windows import Windows
from weldon.errors import UsageError
from weldon.models.network import WeldonNet

PIXELS_A_PASS = 2 * 448**2  # on a processor: more at once only take memory


def tiles_a_pass(device: torch.device, tile: int, most: int) -> int:
    """Return how many tiles of a side go through a network at once on a device, ``most`` at the most."""
    return max(1, min(most, PIXELS_A_PASS // tile**2)) if device.type == "cpu" else most


@torch.no_grad()
def stitched_strips(
    maps_of: Callable[[Tensor], Tensor], picture: Windows, tiling: Tiling, *, batch_size: int
) -> Iterator[Tensor]:
    """Yield the map of a picture from top to bottom, each of its cells once.

    Where neighbours overlap by as much as one cell sees, it is the map of the whole picture; with less, cells
    near a seam differ a little, since tiles end where the picture goes on.

    Args:
        maps_of: tiles ``(n, 3, T, T)`` to maps ``(n, K, t, t)``, a cell every ``tiling.cell`` pixels.
        picture: of any size.
        tiling: how it is cut.
        batch_size: tiles a pass.

    Yields:
        ``(K, rows, columns)`` on the processor, columns being those of the whole picture.

    Raises:
        DataError: a part of the file cannot be read.
        UsageError: maps that are of another size than the tiles have cells.
    """
    columns = tiling.grid(picture.size)[1]
    strip, rows = torch.empty(0), None
    tiles = tiling.tiles(picture)
    while batch := list(islice(tiles, batch_size)):
        for tile, maps in zip(batch, _checked(maps_of, batch, tiling), strict=True):
            if tile.rows != rows:
                if rows is not None:
                    yield strip
                rows = tile.rows
                strip = maps.new_empty(len(maps), rows.end - rows.first, columns)
            taken = maps[:, tile.rows.inside, tile.columns.inside]
            strip[:, :, tile.columns.first : tile.columns.end] = taken
    yield strip


def stitched_regions(net: WeldonNet, picture: Windows, tiling: Tiling, *, batch_size: int = 8) -> Tensor:
    """Return what the transfer layer gives at every cell of a large picture, ``(1, C·M, h, w)``.

    Features are never held for more than one batch of tiles.

    Args:
        net: in evaluation mode, on its device.
        picture: of any size.
        tiling: how it is cut.
        batch_size: tiles a pass, where the device gains by them (:func:`tiles_a_pass`).

    Raises:
        DataError: a part of the file cannot be read.
        UsageError: a backbone whose maps cannot be stitched.
    """
    device = next(net.parameters()).device

    def regions_of(tiles: Tensor) -> Tensor:
        return net.transfer_scores(net.features(tiles.to(device))).float()

    size = tiles_a_pass(device, tiling.tile, batch_size)
    strips = stitched_strips(regions_of, picture, tiling, batch_size=size)
    return torch.cat(list(strips), dim=1)[None]


def _checked(maps_of: Callable[[Tensor], Tensor], batch: list[Tile], tiling: Tiling) -> Tensor:
    maps = maps_of(torch.stack([tile.pixels for tile in batch])).cpu()
    side = tiling.tile // tiling.cell
    if maps.shape[-2:] != (side, side):
        raise UsageError(
            f"maps of tiles cannot be stitched with this backbone: of {tiling.tile} pixels it gives "
            f"{maps.shape[-2]} x {maps.shape[-1]} cells, not {side} x {side}; leave tile out"
        )
    return maps
