"""A PNG whose pixels were changed is no picture, though Pillow decodes it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from weldon.data.image import load_image
from weldon.data.png_checksum import refuse_changed_pixels


@pytest.fixture
def png() -> bytes:
    stream = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (32, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, "PNG", compress_level=0)
    return stream.getvalue()


def test_whole_files_and_those_without_their_end_pass_and_the_place_stays(png):
    for content in (png, png[:-12]):
        file = io.BytesIO(content)
        file.seek(5)
        refuse_changed_pixels(file)
        assert file.tell() == 5


def test_any_changed_bit_of_the_pixels_is_found(png):
    start = png.index(b"IDAT") + 4
    for at in range(start, len(png) - 16, 97):
        with pytest.raises(OSError, match="checksum"):
            refuse_changed_pixels(io.BytesIO(png[:at] + bytes([png[at] ^ 4]) + png[at + 1 :]))


def test_a_file_that_is_zeros_from_its_middle_on_is_no_picture(tmp_path):
    stream = io.BytesIO()
    blocks = np.random.default_rng(2).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    Image.fromarray(blocks).resize((40, 32), Image.Resampling.BICUBIC).save(stream, "PNG")
    whole = stream.getvalue()
    changed = whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2)
    Image.open(io.BytesIO(changed)).load()  # Pillow notices nothing
    (tmp_path / "a.png").write_bytes(changed)
    with pytest.raises(Exception, match="checksum"):
        load_image(tmp_path / "a.png")
