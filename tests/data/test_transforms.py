"""The canvas: nothing cropped, padding zero, chance from the generator alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from weldon.data.transforms import EvalTransform, TrainTransform, normalised
from weldon.errors import UsageError


def photograph(width: int, height: int) -> Image.Image:
    noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(noise)


def bars() -> Image.Image:
    """Left half black, right half white."""
    pixels = np.zeros((32, 64, 3), dtype=np.uint8)
    pixels[:, 32:] = 255
    return Image.fromarray(pixels)


def test_keep_puts_the_picture_top_left_and_pads_with_the_mean():
    image, mask, geometry = EvalTransform(64)(Image.new("RGB", (200, 100), "white"))
    assert image.shape == (3, 64, 64)
    assert mask[:32].all()
    assert not mask[32:].any()
    assert image[:, 32:].eq(0).all()
    assert image[0, :32].allclose(torch.tensor((1 - 0.485) / 0.229))
    assert geometry.valid == (64, 32)


def test_warp_covers_the_canvas():
    image, mask, _ = EvalTransform(64, "warp")(bars())
    assert mask.all()
    assert image[:, :, 40:].gt(0).all()


def test_normalisation_uses_the_given_mean_and_std():
    image, _, _ = EvalTransform(8, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))(
        Image.new("RGB", (8, 8), "white")
    )
    assert image.eq(1).all()


def test_a_picture_of_canvas_size_is_not_resampled():
    picture = photograph(16, 16)
    image, _, _ = EvalTransform(16, mean=(0, 0, 0), std=(1, 1, 1))(picture)
    assert (image * 255).round().byte().permute(1, 2, 0).numpy().tolist() == np.asarray(picture).tolist()


def test_shrinking_is_antialiased():
    stripes = np.zeros((64, 64, 3), dtype=np.uint8)
    stripes[:, ::2] = 255  # finer than the canvas can show
    image, _, _ = EvalTransform(16, mean=(0, 0, 0), std=(1, 1, 1))(Image.fromarray(stripes))
    assert (image - 0.5).abs().max() < 0.1


def test_same_generator_same_pixels_other_generator_others():
    transform = TrainTransform(32)
    picture = photograph(40, 30)
    one, _, _ = transform(picture, torch.Generator().manual_seed(3))
    two, _, _ = transform(picture, torch.Generator().manual_seed(3))
    other, _, _ = transform(picture, torch.Generator().manual_seed(4))
    assert one.equal(two)
    assert not one.equal(other)


def test_flip_mirrors_the_picture_and_not_the_padding():
    transform = TrainTransform(32, flip=1.0, jitter=0.0)
    image, mask, _ = transform(photograph(20, 40))
    straight, straight_mask, _ = EvalTransform(32)(photograph(20, 40))
    assert mask.equal(straight_mask)
    assert image[:, :, :16].allclose(straight[:, :, :16].flip(-1), atol=0.05)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("resize", ["keep", "warp"])
def test_scale_jitter_shows_the_whole_picture_smaller(seed: int, resize: str):
    transform = TrainTransform(64, resize, flip=0.0, jitter=0.0, min_scale=0.5)
    framed = Image.new("RGB", (60, 60), "black")
    framed.paste("white", (6, 6, 54, 54))
    image, mask, geometry = transform(framed, torch.Generator().manual_seed(seed))
    across, down = geometry.valid
    assert 32 <= across <= 64
    assert mask[:down, :across].all()
    assert int(mask.sum()) == across * down
    corners = image[0, :down, :across][[0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.lt(-1.5).all()  # the black frame is still there on every side


def test_jitter_is_light():
    grey = Image.new("RGB", (16, 16), (128, 128, 128))
    for seed in range(10):
        image, _, _ = TrainTransform(16, mean=(0, 0, 0), std=(1, 1, 1))(
            grey, torch.Generator().manual_seed(seed)
        )
        assert image.sub(0.5).abs().max() < 0.11


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"flip": 2}, "flip"),
        ({"jitter": 1.0}, "jitter"),
        ({"min_scale": 0.0}, "min_scale"),
        ({"resize": "crop"}, "keep, warp"),
    ],
)
def test_options_out_of_range_are_refused(options, word):
    with pytest.raises(UsageError, match=word):
        TrainTransform(32, **options)


@pytest.mark.parametrize("transform", [EvalTransform(32), TrainTransform(32), EvalTransform(32, "warp")])
def test_bytes_normalised_later_are_the_same_picture_to_the_bit(transform):
    """Alone or in a batch, wherever that is done."""
    picture = Image.effect_noise((40, 21), 90).convert("RGB")
    now, mask, geometry = transform(picture, torch.Generator().manual_seed(3))
    pixels, same_mask, same_geometry = transform.laid(picture, torch.Generator().manual_seed(3))
    assert pixels.dtype == torch.uint8
    assert pixels.stride() == (1, 96, 3)  # colours of a pixel side by side
    batch = torch.stack([pixels, pixels])
    later = normalised(batch, transform.mean, transform.std, torch.stack([mask, mask]))
    assert torch.equal(later[1], now)
    assert torch.equal(mask, same_mask)
    assert geometry == same_geometry
    assert (now[:, ~mask] == 0).all()
