"""Opening a picture runs no program, blocks on nothing, and knows the size before it decodes."""

from __future__ import annotations

import io
import os
import re
import struct
import subprocess
import sys
import threading
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import weldon
from weldon.data.decode import MAX_PIXELS, VARIABLE, allow_pixels, opened, pixel_limit, refuse_changed_pixels
from weldon.data.file_facts import file_facts
from weldon.data.image import decoding_problem, image_size, load_image
from weldon.errors import DataError, UsageError


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


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(x) print\n%%EOF\n"


@pytest.fixture(autouse=True)
def _usual_limit(monkeypatch):
    monkeypatch.setenv(VARIABLE, "")


def test_no_other_file_of_the_library_opens_pictures():
    source = Path(weldon.__file__).parent
    opening = re.compile(r"Image\.open\(|read_image\(|decode_image\(|imread\(")
    found = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if opening.search(path.read_text())
    }
    assert found == {"data/decode.py"}


def test_postscript_called_a_photograph_starts_no_program(tmp_path, monkeypatch):
    (tmp_path / "photo.jpg").write_bytes(EPS)
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: started.append(a))
    monkeypatch.setattr(os, "system", started.append)
    for look in (load_image, image_size):
        with pytest.raises(DataError, match=r"photo\.jpg: not an image that Pillow can open"):
            look(tmp_path / "photo.jpg")
    assert "not an image" in (decoding_problem(tmp_path / "photo.jpg") or "")
    assert "not an image" in (file_facts(tmp_path / "photo.jpg").problem or "")
    assert started == []


def test_a_format_that_no_camera_writes_is_refused(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.tga")
    (tmp_path / "a.tga").rename(tmp_path / "a.png")
    with pytest.raises(DataError, match="not an image"):
        load_image(tmp_path / "a.png")


def png_of(width: int, height: int, *chunks: bytes) -> bytes:
    """A PNG whose header promises grey pixels that are not there."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(b"\0" * 9)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def test_a_gigantic_picture_is_refused_by_its_header_with_the_way_out(tmp_path):
    (tmp_path / "wall.png").write_bytes(png_of(20_000, 5_000))
    words = r"20000 x 5000 are 100,000,000 pixels, more than the 67,108,864 allowed.*--max-pixels 100000000"
    with pytest.raises(DataError, match=words):
        load_image(tmp_path / "wall.png")
    with pytest.raises(DataError, match=words):
        image_size(tmp_path / "wall.png")
    assert re.search(words, decoding_problem(tmp_path / "wall.png") or "")
    assert re.search(words, file_facts(tmp_path / "wall.png").problem or "")


def test_more_pixels_are_read_when_allowed_and_fewer_when_not(tmp_path, monkeypatch):
    Image.new("1", (2000, 1000)).save(tmp_path / "wall.png")
    assert load_image(tmp_path / "wall.png").size == (2000, 1000)
    allow_pixels(1_999_999)
    with pytest.raises(DataError, match="1,999,999 allowed"):
        load_image(tmp_path / "wall.png")
    allow_pixels(2_000_000)
    allow_pixels(None)
    assert load_image(tmp_path / "wall.png").size == (2000, 1000)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 900_000)  # Pillow's own, which refuses twice as many
    assert load_image(tmp_path / "wall.png").size == (2000, 1000)


@pytest.mark.parametrize("told", ["0", "many", "-5", "1e9", "9" * 400, "²"])
def test_a_limit_that_is_no_count_is_named(tmp_path, monkeypatch, told):
    monkeypatch.setenv(VARIABLE, told)
    Image.new("1", (9, 9)).save(tmp_path / "a.png")
    for look in (load_image, image_size, decoding_problem, file_facts):
        with pytest.raises(UsageError, match=f"{VARIABLE} must be a number of pixels"):
            look(tmp_path / "a.png")


def test_the_limit_is_below_pillows_own_unless_told(monkeypatch):
    assert pixel_limit() == MAX_PIXELS < Image.MAX_IMAGE_PIXELS
    monkeypatch.setenv(VARIABLE, "5")
    assert pixel_limit() == 5


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
@pytest.mark.parametrize("look", [load_image, image_size, decoding_problem, file_facts])
def test_a_pipe_or_device_called_a_photograph_blocks_nobody(tmp_path, look):
    os.mkfifo(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").symlink_to("/dev/zero")
    for name in ("a.jpg", "b.jpg"):
        try:
            found = str(look(tmp_path / name))
        except DataError as error:
            found = str(error)
        assert "it is a pipe, socket or device" in found


def test_a_file_of_terabytes_is_not_read(tmp_path):
    with (tmp_path / "a.webp").open("wb") as file:
        file.write(b"RIFF\0\0\0\0WEBPVP8 ")
        file.truncate(1 << 40)
    for found in (decoding_problem(tmp_path / "a.webp"), file_facts(tmp_path / "a.webp").problem):
        assert "1,099,511,627,776 bytes are more than 67,108,864 pixels take" in (found or "")


def test_links_in_a_circle_are_named(tmp_path):
    (tmp_path / "a.jpg").symlink_to(tmp_path / "b.jpg")
    (tmp_path / "b.jpg").symlink_to(tmp_path / "a.jpg")
    with pytest.raises(DataError, match=r"a\.jpg: the links lead in a circle"):
        load_image(tmp_path / "a.jpg")
    assert "circle" in (file_facts(tmp_path / "a.jpg").problem or "")


def test_a_lock_held_by_a_thread_does_not_reach_a_forked_process(tmp_path):
    Image.new("1", (7000, 5000)).save(tmp_path / "wall.png")
    if not hasattr(os, "fork"):
        pytest.skip("no fork on this system")
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with opened(tmp_path / "wall.png"):
            held.set()
            done.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    child = subprocess.run(
        [sys.executable, "-c", "pass"],
        check=False,
        preexec_fn=lambda: load_image(tmp_path / "wall.png"),
        timeout=60,
    )
    done.set()
    thread.join()
    assert child.returncode == 0


@pytest.mark.parametrize("look", [load_image, image_size, decoding_problem, file_facts])
def test_a_picture_of_endless_scans_is_not_decoded(tmp_path, look):
    stream = io.BytesIO()
    Image.new("L", (64, 64), 9).save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    last = data[data.rindex(b"\xff\xda") : -2]
    (tmp_path / "few.jpg").write_bytes(data[:-2] + last * 99 + data[-2:])
    (tmp_path / "many.jpg").write_bytes(data[:-2] + last * 999 + data[-2:])
    assert load_image(tmp_path / "few.jpg").size == (64, 64)
    try:
        found = str(look(tmp_path / "many.jpg"))
    except DataError as error:
        found = str(error)
    assert re.search(r"it is drawn in 1,00\d scans", found)


BOMBS = r"""
import resource, sys
from pathlib import Path
from weldon.data.file_facts import file_facts
from weldon.data.image import decoding_problem, load_image
from weldon.errors import DataError
path = Path(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    load_image(path)
except DataError as error:
    print(error)
print(decoding_problem(path), file_facts(path).problem)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def webp_bomb() -> bytes:
    """A WebP of 16,383 x 16,383 pixels by its header."""
    side = (16_383 - 1).to_bytes(3, "little")
    image = io.BytesIO()
    Image.new("RGB", (64, 64)).save(image, "WEBP", lossless=True)
    body = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + side + side + image.getvalue()[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tiff_of(width: int, height: int) -> bytes:
    """A TIFF whose header lies about its size."""
    stream = io.BytesIO()
    Image.new("L", (8, 8)).save(stream, "TIFF")
    data = bytearray(stream.getvalue())
    for tag, value in ((256, width), (257, height), (278, height)):
        place = data.index(struct.pack("<HHI", tag, 4 if struct.pack("<HHI", tag, 4, 1) in data else 3, 1))
        data[place : place + 12] = struct.pack("<HHII", tag, 4, 1, value)
    return bytes(data)


@cache
def half_a_gibibyte() -> bytes:
    """As many zeros, compressed to little."""
    return zlib.compress(b"\0" * (1 << 29), 1)


def text_bomb() -> bytes:
    return png_of(8, 8, chunk(b"zTXt", b"k\0\0" + half_a_gibibyte()))


def profile_bomb() -> bytes:
    return png_of(8, 8, chunk(b"iCCP", b"k\0\0" + half_a_gibibyte()))


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux")
@pytest.mark.parametrize(
    "bomb",
    [
        *[webp_bomb, text_bomb, profile_bomb],
        lambda: png_of(60_000, 60_000),
        lambda: png_of(20_000, 5_000),  # Pillow warns of this one and opens it
        lambda: tiff_of(60_000, 60_000),
        lambda: b"P6 60000 60000 255\n",
    ],
    ids=["webp", "png-text", "png-profile", "png", "large", "tiff", "ppm"],
)
def test_small_files_that_would_swell_take_little_memory_and_print_nothing(tmp_path, bomb):
    (tmp_path / "a.img").write_bytes(bomb())
    done = subprocess.run(
        [sys.executable, "-c", BOMBS, str(tmp_path / "a.img")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    *words, grown = done.stdout.strip().splitlines()
    assert done.stderr == ""
    assert "cannot read the image" in words[0]
    assert "None" not in words[1]
    assert int(grown) < 100  # MiB


def test_pictures_within_the_limit_keep_every_pixel(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (40, 30, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.webp", lossless=True)
    assert np.array_equal(np.asarray(load_image(tmp_path / "a.webp")), noise)


DECODED = r"""
import resource, sys
from pathlib import Path
from weldon.data.image import load_image
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
load_image(Path(sys.argv[1]))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux")
@pytest.mark.parametrize(
    ("kind", "mode"), [("WEBP", "RGBA"), ("PNG", "RGBA"), ("TIFF", "RGBA"), ("JPEG2000", "RGB")]
)
def test_the_largest_picture_allowed_takes_no_more_than_is_documented(tmp_path, kind, mode):
    fastest = {"WEBP": {"lossless": True, "quality": 0, "method": 0}, "PNG": {"compress_level": 1}}
    whole = Image.new(mode, (8192, 8192), (1, 2, 3, 4)[: len(mode)])
    whole.save(tmp_path / "a.img", kind, **fastest.get(kind, {}))
    del whole
    command = [sys.executable, "-c", DECODED, str(tmp_path / "a.img")]
    grown = int(subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout)
    assert grown < 1300  # MiB
