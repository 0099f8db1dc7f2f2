"""Tiles of a picture: every cell once, from the tile in which it lies deepest, whatever the sides."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from weldon.data.tiles import Tiling
from weldon.data.transforms import EvalTransform
from weldon.data.windows import open_windows
from weldon.errors import UsageError


@pytest.mark.parametrize("overlap", [0, 32, 64, 96])
@pytest.mark.parametrize("side", [1, 31, 47, 48, 128, 129, 143, 144, 145, 200, 333, 1000, 1001])
def test_every_real_cell_is_taken_once_and_from_inside_its_tile(side: int, overlap: int):
    tiling = Tiling(128, overlap, 32)
    spans = tiling.spans(side)
    taken = [cell for span in spans for cell in range(span.first, span.end)]
    real = max(1, int(side / 32 + 0.5))
    assert taken == list(range(real))
    assert all(span.start <= span.first < span.end <= span.start + 4 for span in spans)
    assert all(span.start >= 0 and (span.start + 4) * 32 < side + 128 for span in spans)


@pytest.mark.parametrize("side", [300, 517, 1000])
def test_a_cell_is_at_least_half_the_overlap_away_from_a_border_inside_the_picture(side: int):
    tiling = Tiling(256, 128, 32)
    spans = tiling.spans(side)
    for before, after in itertools.pairwise(spans):
        assert before.start + 8 - before.end >= 2
        assert after.first - after.start >= 2


def test_an_overlap_of_two_cells_is_taken_where_none_is_given():
    assert Tiling(448, None, 32).overlap == 64
    assert Tiling(448, None, 14).overlap == 28
    assert Tiling(32, None, 32).overlap == 0  # there is no room for any


@pytest.mark.parametrize(
    ("tile", "overlap", "said"),
    [
        (450, 64, "tile must be a multiple of 32 .stride., got 450: take 448 or 480"),
        (448, 20, "overlap must be a multiple of 32 .stride., got 20: take 0 or 32"),
        (448, 448, "overlap must be from 0 to less than tile 448, got 448"),
        (448, -32, "overlap must be from 0 to less than tile 448, got -32"),
    ],
)
def test_sides_that_cut_cells_and_overlaps_without_end_are_refused(tile: int, overlap: int, said: str):
    with pytest.raises(UsageError, match=said):
        Tiling(tile, overlap, 32)


def test_tiles_are_the_picture_s_own_pixels_normalised_and_nothing_beside_it():
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 255, (70, 150, 3), dtype=np.uint8))
    tiling = Tiling(64, 32, 32)
    whole, _, _ = EvalTransform(150)(picture)  # the canvas has its long side: its own pixels
    with open_windows(picture) as windows:
        tiles = list(tiling.tiles(windows))
    assert [(tile.rows.start, tile.columns.start) for tile in tiles] == [
        (row, column) for row in (0, 1) for column in (0, 1, 2, 3)
    ]
    for tile in tiles:
        top, left = tile.rows.start * 32, tile.columns.start * 32
        seen = whole[:, top : top + 64, left : left + 64]
        assert torch.equal(tile.pixels[:, : seen.shape[1], : seen.shape[2]], seen)
        assert tile.pixels.count_nonzero() == seen.count_nonzero()


def test_the_grid_has_the_cells_that_are_at_least_half_picture():
    tiling = Tiling(128, 0, 32)
    assert tiling.grid((1000, 496)) == (16, 31)
    assert tiling.grid((1, 1)) == (1, 1)
    geometry = tiling.geometry((1000, 495))
    assert geometry.real_cells(tiling.grid((1000, 495))) == (15, 31)
    assert geometry.cell_box(14, 30, (15, 31)) == (960.0, 448.0, 992.0, 480.0)
