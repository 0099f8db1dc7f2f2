"""Pictures by bands: the same pixels as read whole, from files that are read in part and in memory."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from weldon.data.image import load_image
from weldon.data.windows import open_windows, overview, picture_size
from weldon.errors import DataError

tifffile = pytest.importorskip("tifffile", reason="TIFF files are read by window with the extra large")
RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (150, 210, 3), dtype=np.uint8)
KINDS = {
    "tiled": (COLOUR, {"tile": (64, 32), "compression": "zlib", "photometric": "rgb"}),
    "strips": (COLOUR, {"rowsperstrip": 17, "compression": "zlib", "photometric": "rgb"}),
    "raw": (COLOUR, {"rowsperstrip": 32, "photometric": "rgb"}),
    "grey": (COLOUR[..., 0], {"tile": (64, 64), "photometric": "minisblack"}),
    "grey of 16 bits": (COLOUR[..., 0].astype(np.uint16) * 255, {"tile": (64, 64)}),
    "opacity": (
        np.dstack([COLOUR, COLOUR[..., 0]]),
        {"tile": (64, 64), "photometric": "rgb", "extrasamples": ["unassalpha"]},
    ),
    "planes apart": (np.moveaxis(COLOUR, -1, 0), {"photometric": "rgb", "planarconfig": "separate"}),
}


def write(path: Path, kind: str) -> Path:
    values, options = KINDS[kind]
    tifffile.imwrite(path, values, **options)
    return path


def rows(path: Path, top: int, bottom: int) -> np.ndarray:
    with open_windows(path) as picture:
        return np.asarray(picture.band(top, bottom))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("top", "bottom"), [(0, 150), (0, 1), (63, 65), (149, 150), (10, 140)])
def test_a_band_of_a_tiff_file_is_that_of_the_whole_picture(tmp_path: Path, kind: str, top: int, bottom: int):
    path = write(tmp_path / "a.tif", kind)
    whole = np.asarray(load_image(path))
    assert picture_size(path) == (210, 150)
    np.testing.assert_array_equal(rows(path, top, bottom), whole[top:bottom])


def test_a_tiff_of_16_bits_a_channel_is_divided_by_257(tmp_path: Path):
    tifffile.imwrite(tmp_path / "a.tif", COLOUR.astype(np.uint16) * 257, photometric="rgb", tile=(64, 64))
    np.testing.assert_array_equal(rows(tmp_path / "a.tif", 0, 150), COLOUR)


def test_a_tiff_of_more_pixels_than_allowed_is_read_where_its_tiles_are_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("WELDON_MAX_PIXELS", "4096")
    tiled, one_strip = write(tmp_path / "tiled.tif", "tiled"), tmp_path / "strip.tif"
    tifffile.imwrite(one_strip, COLOUR, photometric="rgb", compression="zlib", rowsperstrip=150)
    np.testing.assert_array_equal(rows(tiled, 60, 70), COLOUR[60:70])
    with pytest.raises(DataError, match="31,500 pixels, more than the 4,096 allowed"):
        rows(one_strip, 0, 1)


def test_only_the_tiles_that_a_band_touches_are_read(tmp_path: Path):
    path = write(tmp_path / "a.tif", "tiled")
    with tifffile.TiffFile(path) as file:
        offsets = file.pages[0].dataoffsets
    content = bytearray(path.read_bytes())
    content[offsets[-1] : offsets[-1] + 8] = b"\xff" * 8  # the last tile is damaged
    path.write_bytes(content)
    np.testing.assert_array_equal(rows(path, 0, 64), COLOUR[:64])
    with pytest.raises(DataError, match=r"cannot read the image .*a\.tif"):
        rows(path, 0, 150)


def test_a_tiff_that_is_cut_short_is_named(tmp_path: Path):
    path = write(tmp_path / "a.tif", "raw")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(DataError, match=r"a\.tif"):
        rows(path, 0, 150)


def test_a_turned_tiff_is_upright(tmp_path: Path):
    tifffile.imwrite(
        tmp_path / "a.tif", COLOUR, photometric="rgb", tile=(64, 64), extratags=[(274, "H", 1, 6, False)]
    )
    assert picture_size(tmp_path / "a.tif") == (150, 210)
    np.testing.assert_array_equal(rows(tmp_path / "a.tif", 0, 210), np.rot90(COLOUR, -1))


def test_slides_are_read_by_openslide(tmp_path: Path):
    pytest.importorskip("openslide", reason="slides are read with the extra large")
    path = write(tmp_path / "a.tif", "tiled").rename(tmp_path / "a.svs")
    assert picture_size(path) == (210, 150)
    np.testing.assert_array_equal(rows(path, 60, 130), COLOUR[60:130])


def test_a_slide_without_openslide_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import sys

    monkeypatch.setitem(sys.modules, "openslide", None)
    with pytest.raises(ValueError, match=r"openslide-python must be installed: pip install .*\[large\]"):
        picture_size(write(tmp_path / "a.tif", "tiled").rename(tmp_path / "a.svs"))


def test_without_tifffile_pillow_reads_them_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import sys

    monkeypatch.setitem(sys.modules, "tifffile", None)
    np.testing.assert_array_equal(rows(write(tmp_path / "a.tif", "strips"), 5, 90), COLOUR[5:90])


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.bmp"])
def test_other_formats_are_read_whole(tmp_path: Path, name: str):
    Image.fromarray(COLOUR).save(tmp_path / name, **({"lossless": True} if name == "a.webp" else {}))
    np.testing.assert_array_equal(rows(tmp_path / name, 7, 99), COLOUR[7:99])


@pytest.mark.parametrize("name", ["a.tif", "a.svs", "a.png"])
def test_what_is_no_picture_is_named(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"nothing like a picture")
    with pytest.raises(DataError, match=rf"cannot read the image .*{name}"):
        picture_size(tmp_path / name)
    with pytest.raises(DataError, match="no such file"):
        picture_size(tmp_path / "x" / name)


@pytest.mark.parametrize("name", ["a.tif", "a.svs"])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, name: str):
    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match="pipe"):
        picture_size(tmp_path / name)


@pytest.mark.parametrize("kind", ["tiled", "strips"])
def test_an_overview_is_the_reduced_picture(tmp_path: Path, kind: str):
    path = write(tmp_path / "a.tif", kind)
    want = np.asarray(Image.fromarray(COLOUR).resize((70, 50), Image.Resampling.BOX), np.int16)
    assert np.abs(np.asarray(overview(path, (70, 50)), np.int16) - want).max() <= 1


def test_an_overview_of_a_large_picture_is_made_from_many_bands(tmp_path: Path):
    slope = np.linspace(0, 255, 3000).astype(np.uint8)[:, None, None].repeat(40, 1).repeat(3, 2)
    tifffile.imwrite(tmp_path / "a.tif", slope, photometric="rgb", tile=(64, 64))
    want = np.asarray(Image.fromarray(slope).resize((5, 333), Image.Resampling.BOX), np.int16)
    assert np.abs(np.asarray(overview(tmp_path / "a.tif", (5, 333)), np.int16) - want).max() <= 1


def test_an_overview_of_a_jpeg_is_upright(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(COLOUR).save(tmp_path / "a.jpg", exif=exif)
    assert picture_size(tmp_path / "a.jpg") == (150, 210)
    assert overview(tmp_path / "a.jpg", (30, 42)).size == (30, 42)
