"""Grey pictures of more than 8 bits: which of their values are shown black, and which white."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import numpy as np

Window = tuple[float, float]  # the value that is black, and the one that is white
DEEP = ("I;16", "I", "F")  # how Pillow's modes of such pictures begin
# Keys of ``info`` of a picture: its window, whether 0 is white, whether the file itself says the window, or
# why it is not known.
WINDOW, INVERTED, OWN, UNKNOWN = "window", "inverted", "own_window", "unknown_window"
_NO_RANGE = (
    "its values, signed or of 32 bits, have no known range: say with --window LOW HIGH which are black and "
    "white, or save it with 8 or 16 bits"
)
_MOST = 2**16 - 1
_WHITE_IS_ZERO, _PHOTOMETRIC = 0, 262  # TIFF 6.0, section 8
_ROWS = 1 << 22  # pixels that are changed at a time


def is_deep(image: Image.Image) -> bool:
    """Return whether a picture is grey with more than 8 bits."""
    return image.mode.startswith("I;16") or image.mode in DEEP


def note_range(image: Image.Image) -> None:
    """Write into ``info`` what the file says of the values that Pillow passes over.

    A PGM of more than 8 bits is read as 32 bits, of which 65,535 is white; a TIFF may say that 0 is white.
    """
    if image.format == "PPM" and image.mode == "I":
        image.info.setdefault(WINDOW, (0.0, float(_MOST)))
    tags = getattr(image, "tag_v2", None)
    if tags is not None and is_deep(image) and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        image.info[INVERTED] = True


def deep_to_rgb(image: Image.Image, window: Window | None = None) -> Image.Image:
    r"""Return a grey picture of more than 8 bits as RGB: LOW is black, HIGH white, between them linear.

    .. math:: y = 255 \cdot \min(1, \max(0, \frac{v - low}{high - low}))

    Without a window, the one that the file says is taken, else the whole range of 16 bits. Nothing is ever
    stretched to what one picture happens to hold, so that two pictures stay comparable.

    Args:
        image: of a mode in :data:`DEEP`.
        window: values of the file (of DICOM after its rescale: Hounsfield units).

    Raises:
        ValueError: neither window nor a range is known.

    Example:
        >>> import numpy as np
        >>> values = Image.fromarray(np.array([[-1000.0, 40.0, 3000.0]], np.float32))
        >>> [deep_to_rgb(values, (-160, 240)).getpixel((x, 0))[0] for x in range(3)]
        [0, 128, 255]
    """
    import numpy as np  # the start of the command line reads this file, and needs no arrays

    told = window or image.info.get(WINDOW)
    inverted = bool(image.info.get(INVERTED))
    if told is None and not image.mode.startswith("I;16"):
        raise ValueError(image.info.get(UNKNOWN, _NO_RANGE))
    low, high = told or (0.0, float(_MOST))
    values = np.asarray(image)
    grey = np.empty(values.shape, np.uint8)
    rows = max(1, _ROWS // max(1, image.width))
    for top in range(0, len(values), rows):
        grey[top : top + rows] = _mapped(values[top : top + rows], low, high)
    return Image.fromarray(~grey if inverted else grey).convert("RGB")


def _mapped(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return values as 0 to 255; what is no number is black."""
    import numpy as np

    share = (np.nan_to_num(values.astype(np.float64), nan=low) - low) / (high - low)
    shown: np.ndarray = np.floor(share.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    return shown
