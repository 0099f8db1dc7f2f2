"""Turn pictures into data URIs, so that the page needs no other file."""

from __future__ import annotations

import base64
import colorsys
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from weldon.inference.overlay import AGAINST, FOR, check_scale

JPEG_QUALITY = 74
LEVELS = 31  # steps of colour on each side of zero; the browser smooths between cells
OPACITY = 0.7
MASK_OPACITY = 170
VOID_OPACITY = 120
GOLDEN_TURN = 0.381966  # of a circle: neighbouring classes get hues far apart
LIGHTNESS = (0.475, 0.66, 0.36)  # in turn: hues that come near each other again, 13 classes on, differ in it


def shrink(image: Image.Image, side: int) -> Image.Image:
    """Return the picture with its long side at most ``side`` pixels."""
    factor = min(1.0, side / max(image.size))
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.LANCZOS) if factor < 1 else image


def photo_uri(image: Image.Image) -> str:
    """Return a photograph as JPEG."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True)
    return _uri("image/jpeg", stream)


def map_uri(values: NDArray[np.float32], *, scale: float) -> str:
    """Return a signed map as PNG: transparent at zero, full colour at plus and minus ``scale``.

    Args:
        values: ``(h, w)`` float.
        scale: the value of full colour, one for all pictures of a run.

    Raises:
        UsageError: ``scale`` is not a positive number.
    """
    steps = np.rint(np.clip(values / check_scale(scale), -1, 1) * LEVELS) + LEVELS
    hues = [AGAINST if level < LEVELS else FOR for level in range(2 * LEVELS + 1)]
    strength = [abs(level - LEVELS) / LEVELS for level in range(2 * LEVELS + 1)]
    return _indexed(
        steps.astype(np.uint8),
        [channel for hue in hues for channel in hue],
        bytes(round(255 * OPACITY * share) for share in strength),
    )


def mask_uri(mask: NDArray[np.uint8]) -> str:
    """Return an indexed mask ``(h, w)`` as PNG: background (0) transparent, 255 pale, classes coloured."""
    opacity = bytes([0]) + bytes([MASK_OPACITY]) * 254 + bytes([VOID_OPACITY])
    return _indexed(mask, [channel for colour in mask_colours() for channel in colour], opacity)


def mask_colours() -> list[tuple[int, int, int]]:
    """Return the 256 colours of a drawn mask: black for background, a colour a class, white for 255."""
    return [(0, 0, 0), *(class_colour(number) for number in range(1, 255)), (255, 255, 255)]


def class_colour(number: int) -> tuple[int, int, int]:
    """Return the colour of a class in the page's masks, bright enough to stand on any photograph.

    Example:
        >>> class_colour(1), class_colour(2)
        ((25, 134, 217), (237, 100, 138))
    """
    hue, lightness = (0.19 + number * GOLDEN_TURN) % 1, LIGHTNESS[(number - 1) % len(LIGHTNESS)]
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, 0.79)
    return round(255 * red), round(255 * green), round(255 * blue)


def _indexed(indices: NDArray[np.uint8], palette: list[int], opacity: bytes) -> str:
    picture = Image.fromarray(indices)
    picture.putpalette(palette)
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True, transparency=opacity)
    return _uri("image/png", stream)


def _uri(kind: str, stream: io.BytesIO) -> str:
    return f"data:{kind};base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
