"""Pictures that come with a request: names as a browser gives them, and what is no picture."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from weldon.errors import DataError
from weldon.serve.uploads import Upload, read_upload, shown_name


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("a\x00b\x1b[31m.png", "ab[31m.png"),
        ("", "picture"),
        ("x" * 500, "x" * 200),
        ("ordner/größe.jpg", "größe.jpg"),
    ],
)
def test_a_name_loses_its_folders_and_what_no_terminal_can_show(given, shown):
    assert shown_name(given) == shown


def test_a_picture_is_turned_upright():
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(stream, "JPEG", exif=exif)
    stream.seek(0)
    assert read_upload(Upload("a.jpg", stream)).size == (20, 40)


@pytest.mark.parametrize(("content", "words"), [(b"", "0 bytes"), (b"GIF89a", "a.jpg"), (b"<svg/>", "a.jpg")])
def test_what_is_no_picture_is_told_with_its_name(content, words):
    with pytest.raises(DataError, match=words):
        read_upload(Upload("a.jpg", io.BytesIO(content)))
