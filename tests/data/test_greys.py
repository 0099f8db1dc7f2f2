"""Which values of a grey picture are black and white, whatever it is stored as."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from weldon.data.greys import deep_to_rgb
from weldon.data.image import decoding_problem, load_image
from weldon.errors import DataError

RAMP = (np.arange(64 * 64).reshape(64, 64) * 16).astype(np.uint16)


def naive(values, low, high):
    """The same by a loop over all pixels."""
    shown = np.zeros(values.shape, np.uint8)
    for place, value in np.ndenumerate(values):
        share = min(1.0, max(0.0, (float(value) - low) / (high - low)))
        shown[place] = int(share * 255 + 0.5)
    return shown


def shown(path, window=None):
    return np.asarray(load_image(path, window))[:, :, 0]


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jp2"])
@pytest.mark.parametrize("window", [None, (0, 65535), (1000, 9000.5), (-500, 70000), (20000, 20001)])
def test_sixteen_bits_are_shown_by_their_window_else_whole(tmp_path, name, window):
    Image.fromarray(RAMP).save(tmp_path / name, **({"irreversible": False} if name == "a.jp2" else {}))
    low, high = window or (0, 65535)
    np.testing.assert_array_equal(shown(tmp_path / name, window), naive(RAMP, low, high))


def test_the_whole_range_is_a_division_by_257_as_ever():
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    found = np.asarray(deep_to_rgb(Image.fromarray(values)))[:, :, 0]
    np.testing.assert_array_equal(found, (values.astype(np.uint32) + 128) // 257)


@pytest.mark.parametrize("most", [65535, 4095, 1023])
def test_a_pgm_of_more_than_8_bits_says_its_own_white(tmp_path, most):
    values = (RAMP.astype(np.float64) / 65535 * most).round().astype(">u2")
    (tmp_path / "a.pgm").write_bytes(b"P5 64 64 %d\n" % most + values.tobytes())
    found = shown(tmp_path / "a.pgm").astype(int)
    assert np.abs(found - naive(values, 0, most)).max() <= 1


def test_a_tiff_in_which_0_is_white_is_not_shown_as_a_negative(tmp_path):
    black_is_zero = b"\x06\x01\x03\x00\x01\x00\x00\x00\x01\x00"  # tag 262, one short, its value
    for values, name in ((RAMP, "16.tif"), ((RAMP // 257).astype(np.uint8), "8.tif")):
        Image.fromarray(values).save(tmp_path / name)
        content = (tmp_path / name).read_bytes()
        assert content.count(black_is_zero) == 1
        (tmp_path / name).write_bytes(content.replace(black_is_zero, black_is_zero[:-2] + b"\x00\x00"))
    assert shown(tmp_path / "8.tif")[0, 0] == shown(tmp_path / "16.tif")[0, 0] == 255
    assert shown(tmp_path / "16.tif", (0, 4096))[-1, -1] == 0


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_values_of_no_known_range_are_refused_until_a_window_is_given(tmp_path, kind):
    values = RAMP.astype(kind) - 30000
    Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match="no known range: say with --window LOW HIGH"):
        load_image(tmp_path / "a.tif")
    assert "no known range" in str(decoding_problem(tmp_path / "a.tif"))
    assert decoding_problem(tmp_path / "a.tif", (0, 1000)) is None
    np.testing.assert_array_equal(shown(tmp_path / "a.tif", (-100, 20000)), naive(values, -100, 20000))


def test_what_is_no_number_is_black(tmp_path):
    Image.fromarray(np.array([[np.nan, np.inf, -np.inf, 5]], np.float32)).save(tmp_path / "a.tif")
    assert shown(tmp_path / "a.tif", (0, 10)).tolist() == [[0, 255, 0, 128]]


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1"])
def test_pictures_of_8_bits_know_no_window(tmp_path, mode):
    Image.fromarray((RAMP // 257).astype(np.uint8)).convert(mode).save(tmp_path / "a.png")
    np.testing.assert_array_equal(shown(tmp_path / "a.png", (0, 10)), shown(tmp_path / "a.png"))
