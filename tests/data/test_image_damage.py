"""A damaged picture reads or is refused in words, and every verb says the same of it."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from weldon.data.file_facts import file_facts
from weldon.data.image import decoding_problem, image_size, load_image
from weldon.errors import DataError

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")  # pytest undoes the filter of `opened`

DAMAGES = 24  # of each picture; `make stress` tries thousands
SECONDS = 5.0  # that a picture of 96 x 72 pixels may take, whatever is wrong with it

NOISE = np.random.default_rng(0).integers(0, 255, (12, 16, 3)).astype(np.uint8)
CLOUDS = Image.fromarray(NOISE).resize((96, 72))
DEEP = Image.fromarray(np.arange(96 * 72, dtype=np.uint16).reshape(72, 96))


def film() -> dict[str, object]:
    """Return the options of a second frame; each writer needs its own, for it leaves marks on it."""
    return {"save_all": True, "append_images": [CLOUDS.rotate(90)]}


PICTURES = {
    "jpeg": ("JPEG", CLOUDS, {}),
    "progressive": ("JPEG", CLOUDS, {"progressive": True}),
    "cmyk": ("JPEG", CLOUDS.convert("CMYK"), {}),
    "restarts": ("JPEG", CLOUDS.convert("L"), {"restart_marker_rows": 1}),
    "mpo": ("MPO", CLOUDS, film()),
    "png": ("PNG", CLOUDS, {}),
    "palette": ("PNG", CLOUDS.convert("P"), {}),
    "transparent": ("PNG", CLOUDS.convert("LA"), {}),
    "deep": ("PNG", DEEP, {}),
    "apng": ("PNG", CLOUDS, film()),
    "webp": ("WEBP", CLOUDS, {}),
    "lossless": ("WEBP", CLOUDS, {"lossless": True}),
    "webp-film": ("WEBP", CLOUDS, film()),
    "tiff": ("TIFF", CLOUDS, {}),
    "lzw": ("TIFF", CLOUDS, {"compression": "tiff_lzw"}),
    "deflate": ("TIFF", CLOUDS, {"compression": "tiff_deflate"}),
    "pages": ("TIFF", CLOUDS, film()),
    "gif": ("GIF", CLOUDS, {}),
    "gif-film": ("GIF", CLOUDS, film()),
    "bmp": ("BMP", CLOUDS, {}),
    "ppm": ("PPM", CLOUDS, {}),
    "jpeg2000": ("JPEG2000", CLOUDS, {}),
    "avif": ("AVIF", CLOUDS, {}),
}


def whole(name: str) -> bytes:
    kind, picture, options = PICTURES[name]
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow writes no AVIF")
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Cut the end off, or change, flip, lose or insert a few bytes, in the header as often as anywhere."""
    kind = int(rng.integers(6))
    if kind == 0:
        return data[: int(rng.integers(len(data)))]
    found = bytearray(data)
    for _ in range(int(rng.integers(1, 8))):
        place = int(rng.integers(min(200, len(found)) if kind == 1 else len(found)))
        if kind in (1, 2):
            found[place] = int(rng.integers(256))
        elif kind == 3:
            found[place] ^= 1 << int(rng.integers(8))
        elif kind == 4:
            del found[place : place + int(rng.integers(1, 20))]
        else:
            found[place:place] = rng.bytes(int(rng.integers(1, 20)))
    return bytes(found)


def refusal(look, path: Path) -> str | None:
    try:
        look(path)
    except DataError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", PICTURES)
def test_check_train_and_predict_agree_on_every_damaged_file(tmp_path, name):
    rng = np.random.default_rng(list(name.encode()))
    path = tmp_path / "a.img"
    refused = 0
    for number, data in enumerate([whole(name), *[damaged(whole(name), rng) for _ in range(DAMAGES)]]):
        path.write_bytes(data)
        begun = time.process_time()
        why = refusal(load_image, path)
        refusal(image_size, path)  # reads the header only, so it may be content with more
        found = (file_facts(path).problem, decoding_problem(path))
        assert time.process_time() - begun < SECONDS
        if why is None:
            assert found == (None, None), number
        else:
            assert why == f"cannot read the image {path}: {found[0]}", number
            assert found[0] == found[1], number
        assert number or why is None
        refused += why is not None
    assert refused
