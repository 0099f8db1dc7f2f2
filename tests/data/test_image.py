"""Every way a picture can lie about itself in a file, written here and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from weldon.data.image import (
    check_picture_name,
    decoding_problem,
    image_size,
    load_image,
    load_reduced,
    to_rgb,
    unreadable_files,
    write_picture,
)
from weldon.data.record import Record
from weldon.data.transforms import EvalTransform
from weldon.errors import DataError, UsageError

# EXIF 2.32: which side of the upright picture the stored first row and first column are.
SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def upright() -> np.ndarray:
    """Four differently coloured quarters of 16 x 24 pixels, so that every turn shows."""
    picture = np.zeros((32, 48, 3), dtype=np.uint8)
    picture[:16, :24] = (250, 10, 10)
    picture[:16, 24:] = (10, 250, 10)
    picture[16:, :24] = (10, 10, 250)
    picture[16:, 24:] = (250, 250, 10)
    return picture


def as_stored(picture: np.ndarray, orientation: int) -> np.ndarray:
    row_side, column_side = SIDES[orientation]
    if orientation >= 5:
        picture = picture.transpose(1, 0, 2)
    rows = picture[::-1] if row_side in ("bottom", "right") else picture
    return rows[:, ::-1] if column_side in ("bottom", "right") else rows


@pytest.mark.parametrize("orientation", SIDES)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_every_exif_orientation_comes_out_upright(tmp_path: Path, orientation: int, suffix: str):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"turned{suffix}"
    stored = np.ascontiguousarray(as_stored(upright(), orientation))
    Image.fromarray(stored).save(path, exif=exif, quality=95)
    found = load_image(path)
    assert found.size == image_size(path) == (48, 32)
    assert np.abs(np.asarray(found).astype(int) - upright())[4:12, 4:20].max() < 30
    assert np.abs(np.asarray(found).astype(int) - upright())[20:28, 28:44].max() < 30


def test_orientation_outside_one_to_eight_is_upright(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 0
    Image.fromarray(upright()).save(tmp_path / "a.jpg", exif=exif)
    assert load_image(tmp_path / "a.jpg").size == (48, 32)


def test_damaged_exif_does_not_cost_the_picture(tmp_path: Path):
    Image.fromarray(upright()).save(tmp_path / "a.jpg", exif=b"Exif\x00\x00garbage that is no TIFF header")
    assert load_image(tmp_path / "a.jpg").size == (48, 32)


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (65535, 255), (257 * 100, 100)])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_are_scaled_and_not_stretched(tmp_path: Path, value: int, expected: int, suffix: str):
    pixels = np.full((5, 7), value, dtype=np.uint16)
    Image.fromarray(pixels).save(tmp_path / f"deep{suffix}")
    found = load_image(tmp_path / f"deep{suffix}")
    assert found.mode == "RGB"
    assert np.unique(np.asarray(found)).tolist() == [expected]


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_pixels_of_unknown_range_are_refused(tmp_path: Path, dtype: type):
    Image.fromarray(np.ones((4, 4), dtype=dtype)).save(tmp_path / "a.tif")
    with pytest.raises(
        DataError, match="no known range: say with --window LOW HIGH which are black and white"
    ):
        load_image(tmp_path / "a.tif")


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_transparent_pixels_become_white(tmp_path: Path, mode: str):
    image = Image.new("RGBA", (6, 4), (200, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 3, 4))
    path = tmp_path / "cut.png"
    image.convert(mode).save(path)
    found = load_image(path)
    assert found.getpixel((1, 1)) == (255, 255, 255)
    assert found.getpixel((5, 1)) != (255, 255, 255)


def test_palette_with_a_transparent_index_and_bilevel_read(tmp_path: Path):
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 10, 200, 30])
    palette.putpixel((0, 0), 0)
    palette.save(tmp_path / "p.png", transparency=0)
    assert load_image(tmp_path / "p.png").getpixel((3, 3)) == (10, 200, 30)
    assert load_image(tmp_path / "p.png").getpixel((0, 0)) == (255, 255, 255)
    Image.new("1", (4, 4), 1).save(tmp_path / "b.png")
    assert load_image(tmp_path / "b.png").getpixel((2, 2)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P", "PA", "RGBa"])
@pytest.mark.parametrize("size", [(37, 23), (1, 40), (40, 1), (2000, 3)])
def test_strips_on_white_are_the_picture_on_white(
    monkeypatch: pytest.MonkeyPatch, mode: str, size: tuple[int, int]
):
    noise = np.random.default_rng(1).integers(0, 255, (*size[::-1], 4), dtype=np.uint8)
    noise[..., 1:3] = noise[..., :1]
    image = Image.fromarray(noise, "RGBA")
    if mode == "P":
        image = image.convert("RGB").convert("P")
        image.info["transparency"] = bytes(range(255, -1, -1))
    else:
        image = image.convert(mode)
    whole = Image.alpha_composite(Image.new("RGBA", size, "white"), image.convert("RGBA")).convert("RGB")
    monkeypatch.setattr("weldon.data.image._STRIP", 100)
    assert np.array_equal(np.asarray(to_rgb(image)), np.asarray(whole))


def test_cmyk_keeps_its_colours(tmp_path: Path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "print.jpg", quality=95)
    red, green, blue = load_image(tmp_path / "print.jpg").getpixel((4, 4))
    assert red > 240
    assert max(green, blue) < 15


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_an_animation_gives_its_first_frame(tmp_path: Path, suffix: str):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    path = tmp_path / f"film{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=50, lossless=True)
    red, green, blue = load_image(path).getpixel((4, 4))
    assert (red > 250, green < 5, blue < 5) == (True, True, True)


def test_an_embedded_colour_profile_does_no_harm(tmp_path: Path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(upright()).save(tmp_path / "a.png", icc_profile=profile)
    assert np.array_equal(np.asarray(load_image(tmp_path / "a.png")), upright())


def broken_files(folder: Path) -> dict[str, str]:
    """Write files that are no pictures; their names and a part of the reason each must give."""
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "whole.jpg")
    Image.fromarray(noise).save(folder / "whole.png")
    for suffix in (".jpg", ".png"):
        data = (folder / f"whole{suffix}").read_bytes()
        (folder / f"half{suffix}").write_bytes(data[: len(data) // 2])
        (folder / f"whole{suffix}").unlink()
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("this is a letter, not a picture")
    (folder / "folder.jpg").mkdir()
    return {
        "half.jpg": "truncated",
        "half.png": "",
        "empty.jpg": "the file is empty (0 bytes)",
        "text.jpg": "not an image that Pillow can open",
        "folder.jpg": "it is a folder",
        "absent.jpg": "no such file",
    }


def test_each_broken_file_gives_its_reason(tmp_path: Path):
    for name, reason in broken_files(tmp_path).items():
        found = decoding_problem(tmp_path / name)
        assert found is not None, name
        assert reason in found
        with pytest.raises(DataError, match=name):
            load_image(tmp_path / name)


def test_a_file_that_two_rows_name_is_bad_for_both(tmp_path: Path):
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    records = [Record(tmp_path / "bad.jpg", name, frozenset({"cat"})) for name in ("bad.jpg", "./bad.jpg")]
    assert [record.file_name for record, _ in unreadable_files(records)] == ["bad.jpg", "./bad.jpg"]


def test_unreadable_files_names_the_bad_and_counts_all(tmp_path: Path):
    broken_files(tmp_path)
    Image.fromarray(upright()).save(tmp_path / "good.png")
    names = ["good.png", "half.jpg", "empty.jpg"]
    records = [Record(tmp_path / name, name, frozenset()) for name in names]
    counts: list[int] = []
    bad = unreadable_files(records, counts.append)
    assert [record.file_name for record, _ in bad] == ["half.jpg", "empty.jpg"]
    assert counts == [1, 2, 3]


def test_size_of_a_file_without_header_is_a_clear_error(tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(b"no")
    with pytest.raises(DataError, match="not an image that Pillow can open"):
        image_size(tmp_path / "a.jpg")


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


def _large_jpeg(path: Path, **how) -> Path:
    """Coarse and fine detail, 1,600 x 1,200 pixels."""
    fine = Image.effect_noise((1600, 1200), 40)
    coarse = Image.effect_noise((16, 12), 90).resize((1600, 1200), Image.Resampling.BICUBIC)
    Image.merge("RGB", [fine, coarse, Image.blend(fine, coarse, 0.5)]).save(path, quality=90, **how)
    return path


@pytest.mark.parametrize("turn", [1, 6], ids=["upright", "turned"])
def test_a_large_jpeg_is_decoded_no_larger_than_needed_and_keeps_its_size(tmp_path, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    path = _large_jpeg(tmp_path / "a.jpg", exif=exif)
    picture, size = load_reduced(path, EvalTransform(160).needed)
    assert size == image_size(path) == ((1600, 1200) if turn == 1 else (1200, 1600))
    assert sorted(picture.size) == [300, 400]  # a quarter of each side: at least twice the 120 x 160 needed
    assert (picture.width > picture.height) == (turn == 1)
    whole, mask, geometry = EvalTransform(160).laid(load_image(path))
    laid, same_mask, same_geometry = EvalTransform(160).laid(picture, original=size)
    assert (geometry, mask.tolist()) == (same_geometry, same_mask.tolist())
    apart = (whole.int() - laid.int()).abs().float()
    assert 0 < apart.mean() < 1  # levels of 255
    assert apart.max() <= 12


@pytest.mark.parametrize("name", ["small.jpg", "large.png"])
def test_what_is_no_large_jpeg_is_decoded_whole(tmp_path, name):
    with Image.open(_large_jpeg(tmp_path / "large.jpg")) as image:
        image.resize((300, 200) if name == "small.jpg" else image.size).save(tmp_path / name)
    picture, _ = load_reduced(tmp_path / name, EvalTransform(160).needed)
    assert picture.tobytes() == load_image(tmp_path / name).tobytes()
    assert load_reduced(tmp_path / "large.jpg", lambda *_: None)[0].size == (1600, 1200)


def test_a_large_jpeg_that_is_cut_off_is_refused_though_it_comes_smaller(tmp_path):
    path = _large_jpeg(tmp_path / "a.jpg")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match=r"a\.jpg: .*truncated"):
        load_reduced(path, EvalTransform(160).needed)
