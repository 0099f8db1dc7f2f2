"""What a file tells of itself; what is made of it is in test_check and test_copies."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from weldon.data.copies import NEAR
from weldon.data.file_facts import BITS, file_facts


@pytest.fixture
def clouds() -> Image.Image:
    noise = np.random.default_rng(3).integers(0, 255, (24, 32, 3)).astype(np.uint8)
    return Image.fromarray(noise).resize((200, 150), Image.Resampling.BICUBIC)


def test_equal_bytes_have_one_digest_and_any_others_another(clouds, tmp_path):
    for name, quality in (("a.jpg", 90), ("b.jpg", 90), ("c.jpg", 80)):
        clouds.save(tmp_path / name, quality=quality)
    a, b, c = (file_facts(tmp_path / f"{name}.jpg") for name in "abc")
    assert a == b
    assert a.digest != c.digest


def test_a_fingerprint_survives_saving_and_not_another_picture(clouds, tmp_path):
    clouds.save(tmp_path / "a.png")
    clouds.resize((120, 90)).save(tmp_path / "b.jpg", quality=70)
    clouds.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "c.png")
    a, b, c = (file_facts(tmp_path / name).fingerprint for name in ("a.png", "b.jpg", "c.png"))
    assert (a ^ b).bit_count() <= NEAR
    assert (a ^ c).bit_count() > BITS / 4


def test_a_picture_that_lies_on_its_side_is_measured_and_seen_upright(clouds, tmp_path):
    clouds.save(tmp_path / "a.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    clouds.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "b.png", exif=exif)
    upright, turned = file_facts(tmp_path / "a.png"), file_facts(tmp_path / "b.png")
    assert (upright.size, turned.size) == ((200, 150), (200, 150))
    assert (upright.turned, turned.turned) == (False, True)
    assert upright.fingerprint == turned.fingerprint


def test_a_plain_picture_has_no_fingerprint(tmp_path):
    Image.new("RGB", (50, 40), (9, 9, 9)).save(tmp_path / "a.png")
    assert file_facts(tmp_path / "a.png").fingerprint is None


def test_dark_sixteen_bits_and_animation_are_noticed(clouds, tmp_path):
    grey = np.full((20, 30), 4000, np.uint16)
    Image.fromarray(grey).save(tmp_path / "dark.png")
    Image.fromarray(grey * 10).save(tmp_path / "bright.png")
    clouds.save(tmp_path / "two.gif", save_all=True, append_images=[clouds.rotate(90)])
    clouds.save(tmp_path / "one.gif")
    assert [file_facts(tmp_path / f"{name}.png").dark for name in ("dark", "bright")] == [True, False]
    assert [file_facts(tmp_path / f"{name}.gif").animated for name in ("two", "one")] == [True, False]


@pytest.mark.parametrize(("content", "words"), [(b"", "empty"), (b"no picture", ""), (None, "")])
def test_a_file_that_cannot_be_read_says_why(tmp_path, content, words):
    if content is not None:
        (tmp_path / "a.png").write_bytes(content)
    found = file_facts(tmp_path / "a.png")
    assert found.problem
    assert words in found.problem
    assert (found.size, found.fingerprint) == (None, None)
