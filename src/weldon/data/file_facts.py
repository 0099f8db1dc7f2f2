"""What one image file tells about itself: whether it reads, how it is stored, what it looks like."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from weldon.data import dicom
from weldon.data.decode import opened, refuse_irregular
from weldon.data.greys import OWN, Window
from weldon.data.image import decoder_reason, orientation, upright_rgb
from weldon.data.shards.member import lies_in_another, member_bytes
from weldon.errors import StoreError, UsageError

# Length of a fingerprint.
BITS = 256
_SIDE = 16
# Pictures of next to no contrast, or of little but one slope, all look alike to a difference hash.
_FLAT = 6.0
_PLAIN = 32
_ANIMATED = ("GIF", "WEBP", "PNG", "TIFF", dicom.FORMAT)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Facts about one file; those of the picture are None when it cannot be read.

    Args:
        digest: of the bytes; equal digests are copies.
        problem: why it cannot be read.
        size: width and height, upright.
        turned: it is stored lying or mirrored, and EXIF says so.
        mode: Pillow's name of how pixels are stored (``RGB``, ``L``, ``P``, ``CMYK``, ``I;16`` ...).
        animated: it holds several frames or pages, of which the first is used.
        dark: 16 bits a pixel, of which less than a quarter of the range is used, and no window is stated.
        own_window: a grey DICOM picture: whether the file says which values are black and white; else None.
        fingerprint: difference hash of the small grey picture; None for one too plain to be told from others.
    """

    digest: str
    problem: str | None = None
    size: tuple[int, int] | None = None
    turned: bool = False
    mode: str = ""
    animated: bool = False
    dark: bool = False
    own_window: bool | None = None
    fingerprint: int | None = None


def file_facts(path: Path, window: Window | None = None) -> FileFacts:
    """Return the facts of a file, reading it once.

    Args:
        path: of the file.
        window: as for :func:`weldon.data.load_image`.
    """
    digest = ""
    try:
        if not lies_in_another(path):
            refuse_irregular(path)
        digest = content_digest(path)
        return _read(path, digest, window)
    except (UsageError, StoreError):
        raise
    except Exception as error:
        return FileFacts(digest, problem=decoder_reason(path, error))


def content_digest(path: Path) -> str:
    """Return the digest of what a file holds; it may lie in a shard."""
    if (content := member_bytes(path)) is not None:
        return hashlib.blake2b(content, digest_size=16).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _read(path: Path, digest: str, window: Window | None) -> FileFacts:
    with opened(path) as image:
        mode, size = image.mode, image.size
        image.draft(None, (_SIDE * 8, _SIDE * 8))
        # First of all: looking for EXIF or frames may decode, and hide that it fails.
        picture = upright_rgb(image, window)
        turned = orientation(image) != 1
        dark = window is None and mode.startswith("I;16") and 0 < int(np.asarray(image).max()) < 2**14
        animated = _is_animated(image)
        own_window = image.info.get(OWN)
    sideways = (picture.width > picture.height) != (size[0] > size[1]) and size[0] != size[1]
    return FileFacts(
        digest,
        size=size[::-1] if sideways else size,
        turned=turned,
        mode=mode,
        animated=animated,
        dark=dark,
        own_window=own_window,
        fingerprint=_fingerprint(picture),
    )


def _is_animated(image: Image.Image) -> bool:
    try:
        return image.format in _ANIMATED and bool(getattr(image, "is_animated", False))
    except Exception:  # damage behind the first frame, which alone is used
        return True


def _fingerprint(picture: Image.Image) -> int | None:
    """Return whether each cell of a small grey picture is brighter than its left neighbour, as 256 bits."""
    small = picture.convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.BILINEAR)
    grey = np.asarray(small).astype(np.int16)
    bits = int.from_bytes(np.packbits(np.diff(grey, axis=1) > 0).tobytes(), "big")
    plain = grey.std() < _FLAT or not _PLAIN <= bits.bit_count() <= BITS - _PLAIN
    return None if plain else bits
