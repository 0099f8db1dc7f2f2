"""Maps of tiles stitched on the picture's grid: the map of the whole picture, wherever no padding reaches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from weldon.data.tiles import Tiling
from weldon.data.windows import open_windows
from weldon.errors import UsageError
from weldon.models import WeldonNet, create_model
from weldon.models.embedded import DEFAULT_MODEL
from weldon.models.stitched import stitched_regions, stitched_strips, tiles_a_pass


def net_of(name: str, weights: str = "none") -> WeldonNet:
    torch.manual_seed(0)
    return create_model(name, 3, weights=weights).eval()


def picture_of(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def stitched(net: WeldonNet, picture: Image.Image, tile: int, overlap: int) -> Tensor:
    tiling = Tiling(tile, overlap, net.backbone.stride, net.backbone.mean, net.backbone.std)
    with open_windows(picture) as windows:
        return torch.cat(list(stitched_strips(net.features, windows, tiling, batch_size=4)), dim=1)


@torch.no_grad()
def of_the_whole(net: WeldonNet, picture: Image.Image) -> Tensor:
    """Return the map of the picture on a canvas of whole cells, without the cells that are less than half."""
    tiling = Tiling(32, 0, 32, net.backbone.mean, net.backbone.std)
    rows, columns = tiling.grid(picture.size)
    with open_windows(picture) as windows:
        across, down = (-(-side // 32) * 32 for side in picture.size)
        canvas = torch.zeros(3, down, across)
        for tile in tiling.tiles(windows):
            top, left = tile.rows.start * 32, tile.columns.start * 32
            canvas[:, top : top + 32, left : left + 32] = tile.pixels
        band = windows.band(0, picture.height)
    whole = torch.from_numpy(np.array(band)).movedim(-1, 0).float() / 255
    mean, std = (torch.tensor(part)[:, None, None] for part in (net.backbone.mean, net.backbone.std))
    canvas[:, : picture.height, : picture.width] = (whole - mean) / std
    return net.features(canvas[None])[0, :, :rows, :columns]


@pytest.mark.parametrize(("width", "height"), [(320, 224), (333, 201), (300, 129), (127, 500), (209, 208)])
def test_with_an_overlap_that_no_cell_sees_across_it_is_the_map_of_the_whole(width: int, height: int):
    net, picture = net_of("test_resnet"), picture_of(width, height)
    want = of_the_whole(net, picture)
    got = stitched(net, picture, 128, 64)
    assert got.shape == want.shape
    torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-6)


def test_without_an_overlap_only_cells_at_a_seam_differ():
    net, picture = net_of("test_resnet"), picture_of(256, 128)
    off = (stitched(net, picture, 128, 0) - of_the_whole(net, picture)).abs().amax((0, 1)) > 1e-4
    assert off.any()
    assert not off[[0, 1, 2, 5, 6, 7]].any()


def test_the_embedded_backbone_gives_the_map_of_the_whole():
    """A cell of EfficientNet-lite0 sees 394 pixels before itself and 425 behind: 896 overlap enough."""
    net, picture = net_of(DEFAULT_MODEL, "default"), picture_of(1141, 75)
    got = stitched(net, picture, 1024, 896)
    want = stitched(net, picture, 1152, 0)  # one tile holds the whole picture
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)


def test_a_picture_smaller_than_a_tile_is_laid_in_the_corner_of_one():
    net, picture = net_of("test_resnet"), picture_of(70, 40)
    canvas = torch.zeros(1, 3, 128, 128)
    values = torch.from_numpy(np.array(picture)).movedim(-1, 0).float() / 255
    mean, std = (torch.tensor(part)[:, None, None] for part in (net.backbone.mean, net.backbone.std))
    canvas[0, :, :40, :70] = (values - mean) / std
    with torch.no_grad():
        want = net.features(canvas)[0, :, :1, :2]
    torch.testing.assert_close(stitched(net, picture, 128, 64), want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_strips_come_from_top_to_bottom_whatever_the_batch(batch_size: int):
    net, picture = net_of("test_resnet"), picture_of(333, 500)
    tiling = Tiling(128, 64, 32, net.backbone.mean, net.backbone.std)
    with open_windows(picture) as windows:
        strips = list(stitched_strips(net.features, windows, tiling, batch_size=batch_size))
        regions = stitched_regions(net, windows, tiling, batch_size=batch_size)
    assert [strip.shape[1] for strip in strips] == [span.end - span.first for span in tiling.spans(500)]
    assert {strip.shape[2] for strip in strips} == {10}
    assert regions.shape == (1, 3, 16, 10)
    with torch.no_grad():
        want = net.transfer(torch.cat(strips, dim=1)[None])
    torch.testing.assert_close(regions, want, rtol=1e-4, atol=1e-5)


def test_maps_of_another_size_than_the_cells_are_refused():
    tiling = Tiling(128, 0, 32)
    with open_windows(picture_of(200, 200)) as windows:
        strips = stitched_strips(
            lambda tiles: torch.zeros(len(tiles), 2, 3, 3), windows, tiling, batch_size=2
        )
        with pytest.raises(UsageError, match="of 128 pixels it gives 3 x 3 cells, not 4 x 4"):
            next(strips)


def test_a_processor_gains_nothing_by_many_tiles_at_once():
    processor = torch.device("cpu")
    assert [tiles_a_pass(processor, tile, 16) for tile in (128, 448, 896, 1792)] == [16, 2, 1, 1]
    assert tiles_a_pass(processor, 128, 3) == 3
    assert tiles_a_pass(torch.device("cuda"), 448, 16) == 16
