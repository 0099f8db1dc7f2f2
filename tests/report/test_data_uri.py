"""Pictures inside the page: what is read back is what was drawn."""

from __future__ import annotations

import base64
import io
from itertools import combinations
from math import dist

import numpy as np
import pytest
from PIL import Image

from weldon.errors import UsageError
from weldon.inference.overlay import AGAINST, FOR
from weldon.report.data_uri import class_colour, map_uri, mask_uri, photo_uri, shrink


def opened(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1])))


def test_map_is_transparent_at_zero_and_full_at_the_scale():
    picture = opened(map_uri(np.array([[-9.0, 0.0, 2.0]], dtype=np.float32), scale=2.0)).convert("RGBA")
    against, nothing, speaks_for = (picture.getpixel((x, 0)) for x in range(3))
    assert (against[:3], speaks_for[:3]) == (AGAINST, FOR)
    assert nothing[3] == 0
    assert against[3] == speaks_for[3] > 150


def test_map_scale_must_be_positive():
    with pytest.raises(UsageError, match="scale must be"):
        map_uri(np.zeros((1, 1), dtype=np.float32), scale=0.0)


def test_masks_keep_every_index():
    mask = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (np.asarray(opened(mask_uri(mask))) == mask).all()


def test_no_two_of_twenty_classes_are_nearly_of_one_colour():
    colours = [class_colour(number) for number in range(1, 22)]
    assert min(dist(one, other) for one, other in combinations(colours, 2)) > 50


def test_photographs_shrink_but_never_grow():
    assert shrink(Image.new("RGB", (800, 400)), 360).size == (360, 180)
    assert shrink(Image.new("RGB", (80, 40)), 360).size == (80, 40)
    assert opened(photo_uri(Image.new("RGB", (80, 40)))).size == (80, 40)
