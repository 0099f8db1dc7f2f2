"""Counting every level of the background at once equals drawing the mask at each."""

from __future__ import annotations

import pytest
import torch

from reference.masks import GEOMETRY, SIZE, answer, random_maps, random_mask, write_masks
from weldon.inference.mask_settings import MaskSettings, draw_mask
from weldon.training.background_levels import level_confusions, level_counts, strongest_cells
from weldon.training.measures.masks import count_pixels


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("present", [(), (1,), (0, 1)])
def test_every_level_counts_the_mask_that_is_drawn_at_it(tmp_path, relative, present):
    masks = write_masks(tmp_path, a=random_mask(1))
    truth = masks.read("a.jpg", SIZE)
    here = answer(masks, "a", random_maps(1))
    levels = torch.tensor([0.1, 0.5, 0.9] if relative else [-0.5, 0.0, 0.8])
    counts = level_counts(here, present, truth, levels, labels=len(masks.labels), relative=relative)
    for level, confusion in zip(levels.tolist(), level_confusions(counts), strict=True):
        drawn = draw_mask(here.maps, list(present), GEOMETRY, MaskSettings(level, relative))
        torch.testing.assert_close(confusion, count_pixels(drawn, truth, len(masks.labels)))


def test_the_strongest_cells_are_those_of_the_picture():
    """4 x 4 cells over a canvas of 32, the picture 24 x 16: three rows are at least half on it."""
    maps = torch.arange(32.0).reshape(2, 4, 4)
    assert strongest_cells(maps, GEOMETRY, relative=False).tolist() == [*range(16, 28)]
    assert strongest_cells(maps, GEOMETRY, relative=True).max() == 1.0
