"""Cells, pixels and back, against cases worked out by hand and a naive loop."""

from __future__ import annotations

import pytest
import torch

from weldon.data.geometry import Geometry, crop_map, upsample_map
from weldon.errors import UsageError


def test_keep_scales_the_long_side_and_warp_both():
    assert Geometry(500, 375, 448).valid == (448, 336)
    assert Geometry(375, 500, 448).valid == (336, 448)
    assert Geometry(500, 375, 448, "warp").valid == (448, 448)
    assert Geometry(1, 5000, 224).valid == (1, 224)


def test_cells_under_warp_by_hand():
    geometry = Geometry(500, 250, 320, "warp")
    assert geometry.cell_box(0, 0, (10, 10)) == (0, 0, 50, 25)
    assert geometry.cell_box(9, 9, (10, 10)) == (450, 225, 500, 250)
    assert geometry.cell_centre(4, 2, (10, 10)) == (125, 112.5)


def test_cells_under_keep_by_hand():
    geometry = Geometry(400, 300, 320)  # 0.8 canvas pixels a pixel; the picture is 320 x 240 of the canvas
    assert geometry.cell_box(0, 0, (10, 10)) == pytest.approx((0, 0, 40, 40))
    assert geometry.cell_box(7, 3, (10, 10)) == pytest.approx((120, 280, 160, 300))  # half a cell, clipped
    assert geometry.cell_centre(7, 3, (10, 10)) == pytest.approx((140, 300))
    assert geometry.cell_box(9, 0, (10, 10)) == pytest.approx((0, 300, 40, 300))  # nothing but padding


def test_real_cells_are_those_at_least_half_covered():
    assert Geometry(400, 300, 320).real_cells((10, 10)) == (8, 10)  # 240 px = 7.5 cells: the eighth is half
    assert Geometry(400, 299, 320).real_cells((10, 10)) == (7, 10)
    assert Geometry(1000, 10, 320).real_cells((10, 10)) == (1, 10)  # less than half a cell, but one it is


@pytest.mark.parametrize("resize", ["keep", "warp"])
def test_every_pixel_lies_in_exactly_one_cell(resize: str):
    geometry = Geometry(37, 23, 64, resize)
    covered = torch.zeros(23, 37, dtype=torch.int)
    for row in range(4):
        for column in range(4):
            x1, y1, x2, y2 = geometry.cell_box(row, column, (4, 4))
            for y in range(23):
                for x in range(37):
                    covered[y, x] += int(x1 <= x + 0.5 < x2 and y1 <= y + 0.5 < y2)
    assert covered.eq(1).all()


def naive_upsample(scores: torch.Tensor, geometry: Geometry) -> torch.Tensor:
    """Read each pixel's value at its own place on the canvas, in float64, one at a time."""
    channels, h, w = scores.shape
    rows, columns = geometry.real_cells((h, w))
    answer = torch.zeros(channels, geometry.height, geometry.width, dtype=torch.float64)
    for y in range(geometry.height):
        for x in range(geometry.width):
            v = min(max((y + 0.5) * geometry.scale_y * h / geometry.image_size - 0.5, 0), rows - 1)
            u = min(max((x + 0.5) * geometry.scale_x * w / geometry.image_size - 0.5, 0), columns - 1)
            top, left = int(v), int(u)
            low, right = min(top + 1, rows - 1), min(left + 1, columns - 1)
            dv, du = v - top, u - left
            upper = scores[:, top, left] * (1 - du) + scores[:, top, right] * du
            lower = scores[:, low, left] * (1 - du) + scores[:, low, right] * du
            answer[:, y, x] = upper * (1 - dv) + lower * dv
    return answer


@pytest.mark.parametrize("size", [(40, 30), (23, 37), (8, 8), (50, 3)])
@pytest.mark.parametrize("resize", ["keep", "warp"])
@pytest.mark.parametrize("grid", [(4, 4), (5, 3), (1, 1)])
def test_upsampling_equals_the_naive_loop(size, resize, grid, generator):
    geometry = Geometry(*size, 64, resize)
    scores = torch.randn(3, *grid, generator=generator, dtype=torch.float64)
    assert torch.allclose(upsample_map(scores, geometry), naive_upsample(scores, geometry), atol=1e-12)


def test_upsampling_never_mixes_in_the_padding():
    geometry = Geometry(64, 16, 64)
    scores = torch.full((1, 4, 4), 1e9)
    scores[:, :1] = 2.0
    assert upsample_map(scores, geometry).eq(2).all()


def test_upsampling_to_another_size_is_the_same_surface():
    geometry = Geometry(40, 40, 64)
    scores = torch.arange(16.0).reshape(1, 4, 4)
    assert upsample_map(scores, geometry, size=(4, 4)).equal(scores)
    assert upsample_map(scores, geometry, size=(20, 10)).shape == (1, 20, 10)


def test_the_highest_cell_stays_where_it_was():
    geometry = Geometry(300, 200, 96)
    scores = torch.zeros(1, 6, 6)
    scores[0, 2, 4] = 1
    place = int(upsample_map(scores, geometry)[0].argmax())
    y, x = divmod(place, 300)
    x1, y1, x2, y2 = geometry.cell_box(2, 4, (6, 6))
    assert x1 <= x <= x2
    assert y1 <= y <= y2


def test_crop_keeps_the_real_cells_only():
    assert crop_map(torch.zeros(2, 10, 10), Geometry(400, 300, 320)).shape == (2, 8, 10)
    assert crop_map(torch.zeros(2, 10, 10), Geometry(400, 300, 320, "warp")).shape == (2, 10, 10)


def test_gradient_flows_through_the_upsampling(generator):
    scores = torch.randn(1, 3, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda s: upsample_map(s, Geometry(7, 5, 32)), scores)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((0, 4, 32), "width"),
        ((4, 4, 0), "image_size"),
        ((4, 4, 32, "crop"), "keep, warp"),
        ((4, 4, 32, "keep", 0), "shrink"),
    ],
)
def test_impossible_geometry_is_refused(arguments, word):
    with pytest.raises(UsageError, match=word):
        Geometry(*arguments)


def test_tiles_leave_the_picture_in_its_own_pixels():
    geometry = Geometry(500, 176, 32, "tiles")  # 15.6 cells across, 5.5 down
    assert (geometry.canvas, geometry.valid) == ((512, 192), (500, 176))
    assert geometry.real_cells((6, 16)) == (6, 16)
    assert geometry.cell_box(5, 15, (6, 16)) == (480, 160, 500, 176)
    assert geometry.cell_centre(2, 3, (6, 16)) == (112, 80)
    assert Geometry(495, 176, 32, "tiles").canvas == (480, 192)  # less than half a cell is beside the map


def test_a_map_of_tiles_is_read_between_the_centres_of_its_cells():
    column = torch.arange(3.0).expand(1, 2, 3)  # cells of 10 pixels
    values = upsample_map(column, Geometry(33, 16, 10, "tiles"))[0]
    places = ((torch.arange(33) + 0.5) / 10 - 0.5).clamp(0, 2)
    torch.testing.assert_close(values, places.expand(16, 33))


@pytest.mark.parametrize("geometry", [Geometry(37, 23, 64), Geometry(37, 23, 8, "tiles")])
def test_some_rows_are_those_of_the_whole_answer(geometry: Geometry):
    scores = torch.randn(2, 3, 5)
    whole = upsample_map(scores, geometry, size=(50, 40))
    parts = [upsample_map(scores, geometry, size=(50, 40), rows=rows) for rows in ((0, 7), (7, 8), (8, 50))]
    assert torch.equal(torch.cat(parts, dim=1), whole)
