"""DICOM pictures: which values are shown, and which files are refused in words."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from fixtures.dicom_files import write_dicom
from weldon.data.decode import opened
from weldon.data.file_facts import file_facts
from weldon.data.image import decoding_problem, image_size, load_image
from weldon.errors import DataError, MissingPackageError

pydicom = pytest.importorskip("pydicom")
UNITS = np.linspace(-1024, 3071, 20 * 30).reshape(20, 30).astype(np.int16)  # Hounsfield units
CT = {"RescaleSlope": 1, "RescaleIntercept": -1024, "BitsStored": 12, "HighBit": 11}


def shown(path, window=None):
    return np.asarray(load_image(path, window))[:, :, 0]


def expected(values, low, high):
    return np.floor(((values.astype(float) - low) / (high - low)).clip(0, 1) * 255 + 0.5).astype(np.uint8)


@pytest.fixture
def scan(tmp_path):
    """Write a slice of a CT whose stored values are 12 bits without a sign."""

    def write(name="scan.dcm", **header):
        return write_dicom(tmp_path / name, (UNITS + 1024).astype(np.uint16), **{**CT, **header})

    return write


def test_a_window_is_in_the_units_of_the_rescale(scan):
    np.testing.assert_array_equal(shown(scan(), (-160, 240)), expected(UNITS, -160, 240))


@pytest.mark.parametrize(
    ("centre", "width", "function", "window"),
    [
        (40, 400, None, (-160, 239)),  # PS3.3, C.11.2.1.2: from c - 0.5 - (w - 1)/2 to c - 0.5 + (w - 1)/2
        (40, 400, "LINEAR_EXACT", (-160, 240)),
        ([40, 600], [400, 2000], "LINEAR", (-160, 239)),
    ],
)
def test_the_first_window_of_the_file_counts_where_none_is_given(scan, centre, width, function, window):
    header = {"WindowCenter": centre, "WindowWidth": width}
    path = scan(**header, **({"VOILUTFunction": function} if function else {}))
    np.testing.assert_array_equal(shown(path), expected(UNITS, *window))
    np.testing.assert_array_equal(shown(path, (0, 100)), expected(UNITS, 0, 100))


def test_our_window_is_the_one_that_pydicom_applies(scan):
    from pydicom.pixels import apply_modality_lut, apply_voi_lut

    path = scan(WindowCenter=40, WindowWidth=400)
    data = pydicom.dcmread(path)
    theirs = apply_voi_lut(apply_modality_lut(data.pixel_array, data), data)
    theirs = (theirs - theirs.min()) / (theirs.max() - theirs.min()) * 255
    assert np.abs(theirs - shown(path)).max() <= 0.51


def test_without_any_window_the_whole_range_that_could_be_stored_is_shown(scan, tmp_path):
    np.testing.assert_array_equal(shown(scan()), expected(UNITS, -1024, 3071))
    signed = write_dicom(tmp_path / "signed.dcm", UNITS)
    np.testing.assert_array_equal(shown(signed), expected(UNITS, -32768, 32767))
    eight = write_dicom(tmp_path / "eight.dcm", (UNITS // 16 + 64).astype(np.uint8))
    np.testing.assert_array_equal(shown(eight), (UNITS // 16 + 64).astype(np.uint8))


def test_monochrome1_is_white_where_the_values_are_low(scan):
    path = scan(PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(shown(path, (-160, 240)), 255 - expected(UNITS, -160, 240))


def test_colours_are_kept(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(load_image(write_dicom(tmp_path / "a.dcm", values), (0, 5)), values)


@pytest.mark.parametrize("ending", [".dcm", ".DCM", ".dicom", ".png"])
def test_the_content_says_that_it_is_dicom(scan, ending):
    path = scan(f"a{ending}")
    assert image_size(path) == (30, 20)
    assert shown(path).shape == (20, 30)
    with opened(path.read_bytes()) as image:
        assert (image.format, image.size) == ("DICOM", (30, 20))


def test_a_file_that_could_be_a_tiff_too_is_read_as_dicom(scan, tmp_path):
    content = scan().read_bytes()
    (tmp_path / "b.dcm").write_bytes(b"II*\0" + content[4:])
    np.testing.assert_array_equal(shown(tmp_path / "b.dcm"), shown(tmp_path / "scan.dcm"))


def test_a_photograph_that_is_called_dcm_is_read_as_what_it_is(tmp_path):
    Image.new("RGB", (5, 4), (9, 8, 7)).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.dcm")
    assert load_image(tmp_path / "a.dcm").getpixel((0, 0)) == (9, 8, 7)


def test_of_several_frames_the_first_is_shown_and_check_says_so(tmp_path, scan):
    path = write_dicom(tmp_path / "many.dcm", (UNITS + 1024).astype(np.uint16), frames=3, **CT)
    np.testing.assert_array_equal(shown(path), shown(scan()))
    assert (file_facts(path).animated, file_facts(scan()).animated) == (True, False)


def test_check_knows_whether_the_file_says_its_window(scan, tmp_path):
    assert file_facts(scan()).own_window is False
    assert file_facts(scan(WindowCenter=40, WindowWidth=400)).own_window is True
    Image.new("L", (9, 9)).save(tmp_path / "a.png")
    assert file_facts(tmp_path / "a.png").own_window is None


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"WindowCenter": 1, "WindowWidth": 9, "VOILUTFunction": "SIGMOID"}, "SIGMOID, no straight line"),
        ({"WindowCenter": "1e400", "WindowWidth": 9}, "inf where a number must stand"),
    ],
)
def test_a_window_that_is_not_understood_is_named_and_another_one_helps(scan, header, words):
    path = scan(**header)
    assert words in str(decoding_problem(path))
    np.testing.assert_array_equal(shown(path, (-160, 240)), expected(UNITS, -160, 240))


def test_what_holds_no_picture_is_named(scan):
    path = scan()
    report = pydicom.dcmread(path)
    del report.PixelData, report.Rows
    report.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    report.save_as(path)
    with pytest.raises(DataError, match=r"scan\.dcm: it is DICOM without a picture \(Basic Text SR"):
        load_image(path)


def test_pixels_that_are_missing_or_fewer_than_told_are_refused(scan):
    whole = scan().read_bytes()
    path = scan()
    for end in range(len(whole) - 1, 200, -97):
        path.write_bytes(whole[:end])
        with pytest.raises(DataError, match=r"scan\.dcm"):
            load_image(path)


def test_a_gigantic_picture_is_refused_by_its_header(scan):
    path = scan(Rows=9_000, Columns=9_000)
    with pytest.raises(DataError, match=r"9000 x 9000 are 81,000,000 pixels, more than .* allowed"):
        load_image(path)


def test_a_compression_that_nothing_here_reads_says_what_to_install():
    from pydicom.data import get_testdata_file

    path = get_testdata_file("JPEG-lossy.dcm", download=False)
    reason = decoding_problem(path)
    if reason is None:
        pytest.skip("a package that reads JPEG Extended is installed")
    assert "compressed (JPEG Extended (Process 2 and 4))" in reason
    assert "install pylibjpeg with its plugins, or save it uncompressed" in reason


@pytest.mark.parametrize("name", ["", "_RLE", "_bigendian", "_jp2klossless"])
def test_one_picture_stored_in_several_ways_is_one_picture(name):
    from pydicom.data import get_testdata_file

    plain, stored = (
        get_testdata_file(one, download=False) for one in ("MR_small_implicit.dcm", f"MR_small{name}.dcm")
    )
    np.testing.assert_array_equal(shown(stored), shown(plain))


def test_without_pydicom_the_message_says_what_to_install(scan, monkeypatch):
    path = scan()
    monkeypatch.setitem(sys.modules, "pydicom", None)
    for read in (load_image, decoding_problem, file_facts, image_size):
        with pytest.raises(MissingPackageError, match=r"scan\.dcm pydicom must be installed: .*\[dicom\]"):
            read(path)
