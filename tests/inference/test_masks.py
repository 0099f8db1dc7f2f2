"""Masks: the strongest claim wins, the background claims everywhere alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from weldon.data.geometry import Geometry
from weldon.errors import UsageError
from weldon.inference.masks import mask_indices, segment

SQUARE = Geometry(8, 8, 64, "warp")


def halves(left: float, right: float) -> torch.Tensor:
    """A 2 x 2 map with a left and a right column."""
    return torch.tensor([[left, right], [left, right]])


def test_each_class_wins_where_it_is_strongest():
    maps = torch.stack((halves(4, 0), halves(0, 0), halves(0, 4)))
    mask = segment(maps, [0, 2], SQUARE, background=0.1)
    assert mask.shape == (8, 8)
    assert (mask[:, 0] == 1).all()
    assert (mask[:, -1] == 3).all()


def test_the_background_wins_below_its_share_of_the_range():
    # 2 cells of 4 pixels: the map rises from 0 at pixel 1.5 to 4 at 5.5; half is reached at 3.5
    mask = segment(halves(0, 4)[None], [0], SQUARE, background=0.5)
    assert (mask == np.array([0, 0, 0, 0, 1, 1, 1, 1])).all()


def test_a_raw_background_does_not_look_at_the_range():
    maps = torch.stack((halves(0, 4), halves(0, 40)))
    for index in (0, 1):
        mask = segment(maps[[index]], [0], SQUARE, background=50.0, relative=False)
        assert not mask.any()
    assert segment(maps, [1], SQUARE, background=30.0, relative=False)[0, -1] == 2


def test_relative_claims_ignore_shift_and_factor(generator: torch.Generator):
    maps = torch.randn(2, 4, 4, generator=generator)
    same = 7 * maps - 3
    one, two = (segment(values, [0, 1], SQUARE, background=0.4) for values in (maps, same))
    np.testing.assert_array_equal(one, two)


def test_without_a_predicted_class_all_is_background():
    assert not segment(torch.ones(2, 4, 4), [], Geometry(5, 3, 64), background=0.0).any()


def test_a_flat_map_is_background():
    assert not segment(torch.ones(1, 4, 4), [0], SQUARE, background=0.5).any()


def test_padding_does_not_stretch_the_range():
    maps = torch.zeros(1, 4, 4)
    maps[0, 0, 0], maps[0, 2:] = 1.0, 100.0
    mask = segment(maps, [0], Geometry(8, 4, 64, "keep"), background=0.5)
    assert mask.shape == (4, 8)
    assert mask[0, 0] == 1
    assert mask[0, -1] == 0


def test_more_classes_than_a_mask_holds_are_refused():
    with pytest.raises(UsageError, match="at most 254 classes"):
        mask_indices(torch.zeros(2, 1, 1), present=[254])


def test_the_crf_moves_the_border_to_the_edge_of_the_picture():
    pixels = np.zeros((24, 24, 3), dtype=np.uint8)
    pixels[:, 15:] = 255
    geometry = Geometry(24, 24, 64, "warp")
    maps = halves(0, 4)[None]
    rough = segment(maps, [0], geometry, background=0.5)
    refined = segment(maps, [0], geometry, background=0.5, image=Image.fromarray(pixels), crf_options={})
    truth = pixels[..., 0] > 0
    assert ((rough > 0) != truth).mean() > 0.1
    assert ((refined > 0) != truth).mean() < 0.02


@pytest.mark.parametrize("crf", [False, True])
def test_a_mask_drawn_in_bands_is_the_mask_drawn_at_once(monkeypatch: pytest.MonkeyPatch, crf: bool):
    maps = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0))
    geometry = Geometry(210, 150, 32, "tiles")
    picture = Image.effect_noise((210, 150), 60).convert("RGB") if crf else None
    whole = segment(maps, [0, 1], geometry, background=0.5, image=picture)
    monkeypatch.setattr("weldon.inference.masks.MOST_CLAIMS", 3 * 210 * 11)
    parts = segment(maps, [0, 1], geometry, background=0.5, image=picture)
    assert whole.shape == (150, 210)
    assert (whole != parts).mean() < 1e-3
    assert len(set(whole.ravel().tolist())) == 3
