"""Real cells from real pixels, against a loop over pixels and the geometry of pictures."""

import numpy as np
import pytest
import torch

from weldon.data.geometry import Geometry
from weldon.errors import UsageError
from weldon.models import cell_mask


def covered_share(mask: np.ndarray, row: int, column: int, grid: tuple[int, int]) -> float:
    """Share of one cell that is real, pixel by pixel."""
    (height, width), (rows, columns) = mask.shape, grid
    total = 0.0
    for y in range(height):
        for x in range(width):
            tall = max(0.0, min((row + 1) * height / rows, y + 1) - max(row * height / rows, y))
            wide = max(0.0, min((column + 1) * width / columns, x + 1) - max(column * width / columns, x))
            total += mask[y, x] * tall * wide
    return total * rows * columns / (height * width)


@pytest.mark.parametrize(("side", "grid"), [(12, (3, 3)), (12, (4, 2)), (14, (4, 4)), (15, (4, 5))])
def test_cell_is_real_when_at_least_half_of_its_pixels_are(side, grid, generator):
    mask = torch.rand(6, side, side, generator=generator) > 0.5
    mask[:, : side // 2] = True
    shares = np.array(
        [
            [[covered_share(m, r, c, grid) for c in range(grid[1])] for r in range(grid[0])]
            for m in mask.numpy()
        ]
    )
    assert np.array_equal(cell_mask(mask, grid).numpy(), shares >= 0.5 - 1e-6)


@pytest.mark.parametrize("size", [(640, 480), (500, 333), (100, 400), (37, 41), (1000, 20)])
@pytest.mark.parametrize(("canvas", "cells"), [(448, 14), (224, 7), (225, 8), (518, 37)])
def test_cells_agree_with_the_geometry_of_a_picture(size, canvas, cells):
    geometry = Geometry(*size, canvas)
    across, down = geometry.valid
    mask = torch.zeros(1, canvas, canvas, dtype=torch.bool)
    mask[:, :down, :across] = True
    rows, columns = geometry.real_cells((cells, cells))
    expected = torch.zeros(1, cells, cells, dtype=torch.bool)
    expected[:, :rows, :columns] = True
    assert torch.equal(cell_mask(mask, (cells, cells)), expected)


def test_thin_picture_keeps_its_most_covered_cells():
    mask = torch.zeros(2, 8, 8, dtype=torch.bool)
    mask[0, 0, :6] = True  # a quarter of the first cell, an eighth of the second
    mask[1, :, :] = True
    assert cell_mask(mask, (2, 2)).tolist() == [[[True, False], [False, False]], [[True, True], [True, True]]]


def test_image_without_pixels_has_no_cells():
    assert not cell_mask(torch.zeros(1, 8, 8, dtype=torch.bool), (2, 2)).any()


def test_mask_of_cells_is_kept():
    mask = torch.tensor([[[True, False]]])
    assert cell_mask(mask, (1, 2)) is mask


def test_mask_is_exact_under_autocast():
    mask = torch.zeros(1, 448, 448, dtype=torch.bool)
    mask[:, :336, :] = True  # 10.5 rows of cells
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert cell_mask(mask, (14, 14)).any(dim=2).sum() == 11


@pytest.mark.parametrize("mask", [torch.ones(1, 4, 4), torch.ones(4, 4, dtype=torch.bool)])
def test_mask_of_another_kind_is_refused(mask):
    with pytest.raises(UsageError, match=r"`mask` must be \(N, H, W\) bool"):
        cell_mask(mask, (2, 2))
