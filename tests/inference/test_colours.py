"""Zero is invisible, the ends are full, for and against stay apart."""

from __future__ import annotations

import numpy as np
import pytest

from weldon.errors import UsageError
from weldon.inference.colours import AGAINST, FOR, diverging_colours, index_colour, mask_palette


def test_zero_is_transparent_and_the_scale_is_opaque():
    colours = diverging_colours(np.array([[0.0, 3.0, -3.0, 99.0]], dtype=np.float32), scale=3.0)
    assert colours[0, :, 3].tolist() == [0, 255, 255, 255]


def test_signs_have_their_own_hue():
    colours = diverging_colours(np.array([[1.0, -1.0]], dtype=np.float32), scale=1.0)
    assert tuple(colours[0, 0, :3]) == FOR
    assert tuple(colours[0, 1, :3]) == AGAINST


def test_a_map_and_its_negative_are_equally_strong():
    values = np.linspace(-2, 2, 9, dtype=np.float32)[None]
    strength = [diverging_colours(sign * values, scale=2.0)[..., 3] for sign in (1, -1)]
    np.testing.assert_array_equal(*strength)


def test_for_and_against_differ_for_the_red_green_blind():
    # Blue separates them even where red and green fuse (Okabe and Ito).
    assert abs(FOR[2] - AGAINST[2]) > 100


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_cannot_divide_is_refused(scale: float):
    with pytest.raises(UsageError, match="scale must be a positive number"):
        diverging_colours(np.zeros((1, 1), dtype=np.float32), scale=scale)


def test_the_palette_begins_as_the_voc_devkit():
    # background, aeroplane, bicycle, ..., the 21st colour (tv monitor) and the border of VOC's masks
    assert [index_colour(i) for i in (0, 1, 2, 3, 4, 20, 255)] == [
        (0, 0, 0),
        (128, 0, 0),
        (0, 128, 0),
        (128, 128, 0),
        (0, 0, 128),
        (0, 64, 128),
        (224, 224, 192),
    ]
    assert len(mask_palette()) == 768
