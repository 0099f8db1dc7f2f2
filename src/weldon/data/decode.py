"""Open and decode a picture file: formats that run nothing, regular files only, size known beforehand."""

from __future__ import annotations

import logging
import os
import stat
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import IO

from PIL import Image, ImageFile, UnidentifiedImageError

from weldon.data import dicom
from weldon.data.shards.member import member_bytes
from weldon.data.unread_formats import START, refuse_camera_raw, unread_reason
from weldon.errors import UsageError

_HEADER = struct.Struct(">I4s")  # length of a chunk's content and its name
_SIGNATURE_BYTES, _CHECKSUM_BYTES = 8, 4


def refuse_changed_pixels(file: IO[bytes]) -> None:
    """Compare the checksums of all whole chunks of pixels; the place in the file stays where it was.

    A chunk that the file's end cuts off is left to the decoder.

    Args:
        file: a PNG, open for reading.

    Raises:
        OSError: a checksum does not fit.
    """
    place = file.tell()
    try:
        file.seek(_SIGNATURE_BYTES)
        while len(header := file.read(_HEADER.size)) == _HEADER.size:
            length, name = _HEADER.unpack(header)
            if name == b"IDAT":
                _compare(file, length)
            elif name == b"IEND":
                return
            else:
                file.seek(length + _CHECKSUM_BYTES, 1)
    finally:
        file.seek(place)


def _compare(file: IO[bytes], length: int) -> None:
    content, told = file.read(length), file.read(_CHECKSUM_BYTES)
    if len(told) == _CHECKSUM_BYTES and int.from_bytes(told, "big") != zlib.crc32(
        content, zlib.crc32(b"IDAT")
    ):
        raise OSError("its pixels are damaged: their checksum does not fit")


# What Pillow may decode (MPO comes with JPEG). Left out: EPS, PDF and WMF, which start other programs or
# the system, and formats that no camera or annotation tool writes.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "PPM", "JPEG2000", "AVIF", dicom.FORMAT)
# Decoding takes up to 20 bytes a pixel (JPEG 2000), so 1.3 GB; cameras of 61 megapixels stay below.
MAX_PIXELS = 1 << 26
VARIABLE = "WELDON_MAX_PIXELS"
_BYTES_A_PIXEL = 16  # no format stores more; a longer file is no picture of the pixels allowed
_BYTES_BESIDE = 1 << 26  # of EXIF, colour profiles, previews
_MOST_SCANS = 500  # of a progressive JPEG; cameras and programs write about ten, each goes over all pixels
_LARGE = 1 << 25  # pixels; of such pictures one at a time is decoded in a process

# Damaged and gigantic files are told by weldon, each once with its name; Pillow would print lines without.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", module=r"PIL\.\w+Plugin")
logging.getLogger("PIL").addHandler(logging.NullHandler())


class PixelLimitError(ValueError):
    """A picture of more pixels than are allowed."""


def pixel_limit() -> int:
    """Return the most pixels that a picture may have.

    Raises:
        UsageError: the environment variable WELDON_MAX_PIXELS is no count.
    """
    told = os.environ.get(VARIABLE, "")
    if not told:
        return MAX_PIXELS
    if not (told.isascii() and told.isdigit() and 0 < len(told) < 16 and int(told)):
        raise UsageError(f"{VARIABLE} must be a number of pixels, as 200000000, got {told!r}")
    return int(told)


def allow_pixels(limit: int | None) -> None:
    """Set the most pixels that a picture may have, here and in processes started from here; None: as it is.

    Args:
        limit: width times height.
    """
    if limit is not None:
        os.environ[VARIABLE] = str(limit)


@contextmanager
def allowing_pixels(limit: int | None, *, unless_told: bool = False) -> Iterator[None]:
    """Allow pictures of ``limit`` pixels inside the block, as :func:`allow_pixels` does for good.

    Args:
        limit: width times height; None: as it is.
        unless_told: a limit that the environment, and so the command, tells goes before.
    """
    before = os.environ.get(VARIABLE)
    allow_pixels(None if unless_told and before else limit)
    try:
        yield
    finally:
        os.environ.pop(VARIABLE, None)
        if before is not None:
            os.environ[VARIABLE] = before


@contextmanager
def opened(source: Path | bytes, ending: str = "") -> Iterator[Image.Image]:
    """Yield a picture whose header was read and found in order; its pixels are not decoded yet.

    Args:
        source: a file, a picture inside a shard or in an object store, or what a file holds.
        ending: of the name that bytes had as a file, with the dot.

    Raises:
        PixelLimitError: more pixels than allowed (:func:`pixel_limit`), or a file too long for them.
        OSError: no regular file, the system cannot read it, or a PNG whose checksums do not fit.
        ValueError: a format that is not read and must be converted.
        Exception: whatever Pillow raises on damaged headers.
    """
    limit = pixel_limit()
    ending = source.suffix if isinstance(source, Path) else ending
    refuse_camera_raw(ending)
    if isinstance(source, Path):
        content = member_bytes(source)
        source = source if content is None else content
    if isinstance(source, Path):
        refuse_irregular(source)
    if Image.MAX_IMAGE_PIXELS is not None and limit > Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = limit  # the user allowed more than Pillow does
    with _identified(source, ending) as image:
        pixels = image.width * image.height
        if pixels > limit:
            raise PixelLimitError(
                f"{image.width} x {image.height} are {pixels:,} pixels, more than the {limit:,} allowed: "
                f"shrink it, or allow more with --max-pixels {pixels}"
            )
        if image.info.get("progressive"):
            _refuse_scans(source)
        if image.format == "PNG" and image.fp is not None:
            refuse_changed_pixels(image.fp)
        with _one_large if pixels > _LARGE else nullcontext():
            yield image


def _identified(source: Path | bytes, ending: str) -> ImageFile.ImageFile:
    try:
        return Image.open(BytesIO(source) if isinstance(source, bytes) else source, formats=_formats(source))
    except UnidentifiedImageError as error:
        reason = unread_reason(ending, _start(source))
        if reason is None:
            raise
        raise ValueError(reason) from error


def _start(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[:START]
    with source.open("rb") as file:
        return file.read(START)


def _refuse_scans(source: Path | bytes) -> None:
    """Refuse a JPEG that a few kilobytes of empty scans make take hours."""
    scans = (source if isinstance(source, bytes) else source.read_bytes()).count(b"\xff\xda")
    if scans > _MOST_SCANS:
        raise ValueError(f"it is drawn in {scans:,} scans, which nothing but an attack does")


def _formats(source: Path | bytes) -> tuple[str, ...]:
    """Return what is tried, in order: a file may be DICOM and begin as a TIFF file does."""
    is_dicom = isinstance(source, Path) and source.suffix.lower() in dicom.ENDINGS
    return (dicom.FORMAT, *_known_formats()) if is_dicom else _known_formats()


@cache
def _known_formats() -> tuple[str, ...]:
    """Return those of the formats that the installed Pillow knows; AVIF is new in 11.3."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def refuse_irregular(path: Path) -> None:
    """Refuse what would block for ever (a pipe) or never end (a device, a file of terabytes).

    Raises:
        OSError: no regular file, or the system cannot look at it.
        PixelLimitError: a file too long for the pixels allowed.
    """
    limit = pixel_limit()
    facts = path.stat()
    if stat.S_ISDIR(facts.st_mode):
        raise IsADirectoryError("it is a folder")
    if not stat.S_ISREG(facts.st_mode):
        raise OSError("it is a pipe, socket or device, no file")
    if facts.st_size > limit * _BYTES_A_PIXEL + _BYTES_BESIDE:
        raise PixelLimitError(
            f"{facts.st_size:,} bytes are more than {limit:,} pixels take: allow more with --max-pixels"
        )


_one_large = threading.Lock()


def _new_lock() -> None:
    """Give a forked process a lock of its own: the parent's may be held by a thread that is not there."""
    global _one_large  # noqa: PLW0603
    _one_large = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)
