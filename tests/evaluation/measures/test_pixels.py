"""PxAP ranks the pixels of all maps together; void pixels and images without a mask are left out."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from reference.masks import GEOMETRY, SIZE, answer, random_maps, random_mask, write_masks
from weldon.data import upsample_map
from weldon.evaluation.measures.pixels import PixelMeasure, object_mask
from weldon.metrics import normalise_map, pixel_average_precision
from weldon.void import VOID


@pytest.fixture
def write(tmp_path):
    """Return a function that writes masks."""
    return partial(write_masks, tmp_path)


def test_images_without_a_mask_are_left_out(write):
    masks = write(a=random_mask(0))
    measure = PixelMeasure(masks)
    measure.update(answer(masks, "unlisted", random_maps(0)))
    assert measure.figures().overall["pxap"] != measure.figures().overall["pxap"]


def test_a_mask_of_one_class_keeps_its_void_pixels():
    truth = np.array([[0, 1, 2, VOID]], np.uint8)
    assert object_mask(truth, 2).tolist() == [[0, 0, 1, VOID]]


def test_pxap_is_that_of_all_pairs_together(write):
    drawn = {"a": np.zeros(SIZE[::-1]), "b": np.zeros(SIZE[::-1])}
    drawn["a"][2:9, 3:12], drawn["b"][:, :5], drawn["b"][:, 9:] = 1, 1, VOID
    masks = write(**drawn)
    measure = PixelMeasure(masks)
    maps = {name: random_maps(seed) for seed, name in enumerate(drawn)}
    for name in drawn:
        measure.update(answer(masks, name, maps[name]))
    claims = [normalise_map(upsample_map(maps[name][:1], GEOMETRY)[0]) for name in drawn]
    wanted = pixel_average_precision(claims, [torch.from_numpy(mask).long() for mask in drawn.values()])
    assert measure.figures().overall["pxap"] == pytest.approx(float(wanted), abs=1e-6)
    assert measure.figures().per_class["cat"]["pxap"] == pytest.approx(float(wanted), abs=1e-6)
