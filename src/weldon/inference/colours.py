"""The colours of evidence and of masks.

For and against differ for the colour-blind as well: bluish green and vermilion of Okabe and Ito's
palette ("Color Universal Design", 2008).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weldon.errors import UsageError

FOR = (0, 158, 115)
AGAINST = (213, 94, 0)


def check_scale(scale: float) -> float:
    """Return ``scale``, or refuse one that cannot divide a map."""
    if not (np.isfinite(scale) and scale > 0):
        raise UsageError(f"scale must be a positive number, got {scale!r}")
    return float(scale)


def diverging_colours(values: NDArray[np.float32], *, scale: float) -> NDArray[np.uint8]:
    """Turn signed values into colours with transparency: nothing at zero, full at plus and minus ``scale``.

    Args:
        values: ``(H, W)`` float, evidence for (above zero) and against (below).
        scale: the value of full colour; the same for every picture of a run, so that pictures compare.

    Returns:
        ``(H, W, 4)`` uint8: red, green, blue, opacity.

    Raises:
        UsageError: ``scale`` is not a positive number.

    Example:
        >>> diverging_colours(np.array([[0.0, 2.0, -1.0]], dtype=np.float32), scale=2.0).tolist()
        [[[0, 158, 115, 0], [0, 158, 115, 255], [213, 94, 0, 128]]]
    """
    strength = np.clip(np.abs(values) / check_scale(scale), 0.0, 1.0)
    hue = np.where(values[..., None] >= 0, np.array(FOR), np.array(AGAINST))  # (H, W, 3)
    opacity = np.rint(strength * 255)[..., None]  # (H, W, 1)
    return np.concatenate((hue, opacity), axis=-1).astype(np.uint8)


def index_colour(index: int) -> tuple[int, int, int]:
    """Return the VOC devkit's colour of a mask index: its bits, dealt to the channels from the top down.

    Example:
        >>> [index_colour(i) for i in (0, 1, 2, 15, 255)]
        [(0, 0, 0), (128, 0, 0), (0, 128, 0), (192, 128, 128), (224, 224, 192)]
    """
    channels = [0, 0, 0]
    for octet in range(8):
        for channel in range(3):
            bit = index >> (3 * octet + channel) & 1
            channels[channel] |= bit << (7 - octet)
    return channels[0], channels[1], channels[2]


def mask_palette() -> list[int]:
    """Return the 256 colours of an indexed mask as one flat list, as Pillow's ``putpalette`` takes them."""
    return [value for index in range(256) for value in index_colour(index)]
