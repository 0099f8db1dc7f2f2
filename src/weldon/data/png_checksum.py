"""PNG keeps a checksum of its pixels, which Pillow does not compare while it decodes them."""

from __future__ import annotations

import struct
import zlib
from typing import IO

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
