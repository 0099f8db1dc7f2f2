"""Ten crops: which pixels each sees, and what their average is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from weldon.errors import UsageError
from weldon.evaluation.ten_crops import TenCropTransform, ten_crop_scores
from weldon.models import create_model

PLAIN = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}


def picture(width: int, height: int) -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(noise)


def test_views_are_corners_centre_and_mirror_images():
    image = picture(64, 48)
    views, mask, _ = TenCropTransform(32, 48, **PLAIN)(image)
    whole = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1) / 255
    corners = [whole[:, y : y + 32, x : x + 32] for y in (0, 16) for x in (0, 32)]
    expected = [*corners, whole[:, 8:40, 16:48]]
    assert views.shape == (10, 3, 32, 32)
    assert mask.all()
    torch.testing.assert_close(views[:5], torch.stack(expected))
    mirrored = [
        expected[number].flip(-1) for number in (1, 0, 3, 2, 4)
    ]  # the picture is turned, then cropped
    torch.testing.assert_close(views[5:], torch.stack(mirrored))


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (20, 500), (7, 7)])
def test_every_shape_gives_ten_views(size):
    views, _, geometry = TenCropTransform(28, **PLAIN)(picture(*size))
    assert views.shape == (10, 3, 28, 28)
    assert (geometry.width, geometry.height) == size


def test_the_short_side_is_256_for_224():
    assert TenCropTransform(224).short_side == 256
    assert TenCropTransform(448).short_side == 512


def test_views_larger_than_the_picture_are_refused():
    with pytest.raises(UsageError, match="`short_side` must be at least `crop`, 224, got 200"):
        TenCropTransform(224, 200)


def test_scores_are_the_mean_over_views(generator):
    net = create_model("test_resnet", 3, weights="none").eval()
    views = torch.randn(2, 10, 3, 64, 64, generator=generator)
    each = torch.stack([net(views[:, number]) for number in range(10)])
    torch.testing.assert_close(ten_crop_scores(net, views), each.mean(0).detach())
