"""A picture is there whole, in the format of its name, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from weldon.data.picture_file import check_picture_name, write_picture
from weldon.errors import UsageError


@pytest.mark.parametrize("name", ["a.png", "a.JPG", "a.webp", "a.tiff"])
def test_the_ending_says_the_format(tmp_path, name):
    write_picture(tmp_path / "new" / name, Image.new("RGBA", (4, 3), "red"))
    with Image.open(tmp_path / "new" / name) as image:
        assert image.size == (4, 3)
        assert image.format == check_picture_name(Path(name))


@pytest.mark.parametrize("name", ["a", "a.pdf", "a.xyz", ".png"])
def test_a_name_that_no_picture_has_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match=r"must end in \.png, .*got"):
        write_picture(tmp_path / name, Image.new("RGB", (4, 3)))
    assert not list(tmp_path.iterdir())


def test_a_picture_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    write_picture(tmp_path / "a.png", Image.new("L", (4, 3)))
    before = (tmp_path / "a.png").read_bytes()

    def full(self, path, kind):
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match="No space"):
        write_picture(tmp_path / "a.png", Image.new("L", (4, 3)))
    assert (tmp_path / "a.png").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
