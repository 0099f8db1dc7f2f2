"""Drawings stay inside their pictures and keep their sizes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from weldon.data.geometry import Geometry
from weldon.errors import UsageError
from weldon.inference.evidence import Evidence, Region
from weldon.inference.overlay import (
    AGAINST,
    FOR,
    diverging_colours,
    draw_evidence,
    index_colour,
    mask_palette,
    one_below_another,
    overlay_map,
    picture_size,
    side_by_side,
    with_caption,
)


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


def test_large_originals_are_shown_smaller_with_their_shape():
    assert picture_size(Geometry(6000, 4000, 448)) == (1600, 1067)


def test_small_originals_grow_until_a_score_fits_a_cell():
    width, height = picture_size(Geometry(64, 64, 448), grid=(14, 14))
    assert width == height == 14 * 46


def test_full_colour_is_reached_at_the_scale_and_not_passed():
    image = Image.new("RGB", (3, 1), (100, 100, 100))
    colours = overlay_map(image, np.array([[2.0, 4.0, 400.0]], dtype=np.float32), scale=4.0)
    half, full, more = (colours.getpixel((x, 0)) for x in range(3))
    assert half != full
    assert full == more


def framed(score: float, side: str) -> np.ndarray:
    """The upper edge of the frame of one region, on black."""
    region = Region((10.0, 10.0, 90.0, 90.0), 0, 0, score, 1.0)
    sides = {"top": (), "low": (), side: (region,)}
    drawn = draw_evidence(
        Image.new("RGB", (100, 100)), Evidence("cat", 0.0, **sides, remainder=0.0), factor=(1.0, 1.0)
    )
    return np.asarray(drawn)[11, 14:86]


@pytest.mark.parametrize("score", [1.0, -1.0])
def test_the_highest_regions_are_solid_and_the_lowest_are_dashed(score):
    solid, dashed = framed(score, "top"), framed(score, "low")
    assert (solid.sum(axis=-1) > 0).all()
    assert 0.3 < (dashed.sum(axis=-1) > 0).mean() < 0.8


@pytest.mark.parametrize("side", ["top", "low"])
@pytest.mark.parametrize(("score", "colour"), [(1.0, FOR), (-1.0, AGAINST)])
def test_the_colour_of_a_frame_says_whether_its_region_speaks_for_or_against(side, score, colour):
    """The lowest regions of a picture may all speak for a class, and the highest against it."""
    edge = framed(score, side)
    assert {tuple(pixel) for pixel in edge[edge.sum(axis=-1) > 0].tolist()} == {colour}


@pytest.mark.parametrize("width", [20, 60, 300, 1600])
def test_captions_keep_the_width_of_the_picture(width: int):
    picture = Image.new("RGB", (width, 50))
    sheet = with_caption(picture, ["a very long class name indeed: score +1.23", "second line"], scale=3.0)
    assert sheet.width == width
    assert sheet.height > 50


def test_side_by_side_keeps_every_picture():
    pictures = [Image.new("RGB", size, colour) for size, colour in (((30, 20), "red"), ((10, 40), "blue"))]
    sheet = side_by_side(pictures, gap=5)
    assert sheet.size == (45, 40)
    assert sheet.getpixel((0, 0)) == (255, 0, 0)
    assert sheet.getpixel((44, 39)) == (0, 0, 255)


def test_pictures_below_each_other_stand_on_white():
    sheet = one_below_another([Image.new("RGB", (10, 20), "red"), Image.new("RGB", (30, 5), "blue")], gap=4)
    assert sheet.size == (30, 29)
    assert [sheet.getpixel(at) for at in ((0, 0), (20, 0), (0, 21), (29, 28))] == [
        *((255, 0, 0), (255, 255, 255), (255, 255, 255), (0, 0, 255)),
    ]
