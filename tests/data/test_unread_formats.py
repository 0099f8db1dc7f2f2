"""A picture in a format that is not read says so, and what to do, wherever it is named."""

from __future__ import annotations

import pytest
from PIL import Image

from weldon.data import load_image
from weldon.data.decode import opened
from weldon.data.file_facts import file_facts
from weldon.data.image import decoding_problem
from weldon.errors import DataError

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.heic", "HEIC is not read: convert it to JPEG or PNG"),
        ("renamed.jpg", "HEIC is not read: convert it to JPEG or PNG"),
        ("a.psd", ".psd is not read: convert it to JPEG or PNG"),
    ],
)
def test_a_format_that_is_not_read_is_named_whatever_the_file_is_called(tmp_path, name, reason):
    (tmp_path / name).write_bytes(b"8BPS and more" if name == "a.psd" else HEIC)
    assert decoding_problem(tmp_path / name) == file_facts(tmp_path / name).problem == reason
    with pytest.raises(DataError, match=f"{name}: {reason}"):
        load_image(tmp_path / name)


@pytest.mark.parametrize("name", ["a.NEF", "a.cr2", "a.dng"])
def test_the_preview_in_a_raw_file_of_a_camera_is_not_taken_for_the_picture(tmp_path, name):
    """Such files begin as TIFF files do, and the first picture in them is a thumbnail."""
    Image.new("RGB", (16, 12)).save(tmp_path / "a.tif")
    (tmp_path / "a.tif").rename(tmp_path / name)
    ending = name[1:].lower()
    assert decoding_problem(tmp_path / name) == (
        f"a camera's raw file ({ending}) is not read: convert it to JPEG or PNG"
    )


def test_bytes_without_a_name_are_known_too_and_an_empty_file_is_called_empty(tmp_path):
    with pytest.raises(ValueError, match="HEIC is not read"), opened(HEIC):
        pass
    (tmp_path / "a.heic").touch()
    assert decoding_problem(tmp_path / "a.heic") == "the file is empty (0 bytes)"
