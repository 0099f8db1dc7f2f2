"""Pictures of evidence: a signed map over the photograph, and the regions that enter the score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from weldon.data.geometry import Geometry
from weldon.errors import UsageError
from weldon.inference.evidence import Evidence, Region

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


OPACITY = 0.85
FADED = 0.9  # share of grey in the photograph below, so that its own colours are not read as evidence
LONGEST_SIDE = 1600
ROOMY_CELL = 46  # pixels a cell needs to show its score
DASH = 6


def overlay_map(
    image: Image.Image, values: NDArray[np.float32], *, scale: float, opacity: float = OPACITY
) -> Image.Image:
    """Lay a signed map over a photograph: green speaks for the class, orange against, nothing is neutral.

    Args:
        image: RGB of any size.
        values: ``(height, width)`` float of the image's size.
        scale: map value of full colour, the same for every picture of a run.
        opacity: of the full colour, 0 to 1.

    Raises:
        UsageError: ``scale`` is not a positive number.
    """
    colours = Image.fromarray(diverging_colours(values, scale=scale))
    colours.putalpha(colours.getchannel("A").point(lambda alpha: round(alpha * opacity)))
    faded = Image.blend(image, image.convert("L").convert("RGB"), FADED)
    return Image.alpha_composite(faded.convert("RGBA"), colours).convert("RGB")


def picture_size(geometry: Geometry, grid: tuple[int, int] | None = None) -> tuple[int, int]:
    """Return width and height of a picture of this image: its own, at most 1600 pixels long.

    With ``grid``, small images grow until a cell has room for its score.

    Example:
        >>> picture_size(Geometry(400, 200, 320)), picture_size(Geometry(400, 200, 320), grid=(10, 10))
        ((400, 200), (460, 230))
    """
    longest = max(geometry.width, geometry.height)
    wanted = float(longest)
    if grid is not None:
        x1, y1, x2, y2 = geometry.cell_box(0, 0, grid)
        wanted = max(wanted, longest * ROOMY_CELL / max(1e-6, min(x2 - x1, y2 - y1)))
    factor = min(wanted, LONGEST_SIDE) / longest
    return max(1, round(geometry.width * factor)), max(1, round(geometry.height * factor))


def draw_evidence(picture: Image.Image, evidence: Evidence, *, factor: tuple[float, float]) -> Image.Image:
    """Frame the highest regions, and dashed the lowest, each with its score: green for, orange against.

    Args:
        picture: where to draw; it is not changed.
        evidence: the regions, in pixels of the original image.
        factor: picture pixels for one pixel of the original, across and down.
    """
    drawn = picture.copy()
    pen = ImageDraw.Draw(drawn)
    for region in sorted((*evidence.low, *evidence.top), key=lambda region: abs(region.contribution)):
        x1, y1, x2, y2 = _corners(region, factor)
        colour = FOR if region.speaks == "for" else AGAINST
        _frame(pen, (x1, y1, x2, y2), colour, dashed=region in evidence.low)
        _write_score(pen, region.score, (x1, y1, x2, y2), colour)
    return drawn


def side_by_side(pictures: Sequence[Image.Image], *, gap: int = 12) -> Image.Image:
    """Set pictures next to each other on white."""
    width = sum(picture.width for picture in pictures) + gap * (len(pictures) - 1)
    sheet = Image.new("RGB", (width, max(picture.height for picture in pictures)), "white")
    left = 0
    for picture in pictures:
        sheet.paste(picture, (left, 0))
        left += picture.width + gap
    return sheet


def one_below_another(pictures: Sequence[Image.Image], *, gap: int = 12) -> Image.Image:
    """Set pictures below each other on white."""
    height = sum(picture.height for picture in pictures) + gap * (len(pictures) - 1)
    sheet = Image.new("RGB", (max(picture.width for picture in pictures), height), "white")
    top = 0
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height + gap
    return sheet


def with_caption(picture: Image.Image, lines: Sequence[str], *, scale: float | None = None) -> Image.Image:
    """Put lines of text above a picture and, with ``scale``, the key of its colours below."""
    size = max(13, min(22, picture.width // 28))
    fonts = [_fitting_font(line, size, picture.width - 8) for line in lines]
    height = round(1.35 * size)
    below = round(1.8 * size) if scale is not None else 0
    sheet = Image.new("RGB", (picture.width, picture.height + height * len(lines) + 6 + below), "white")
    pen = ImageDraw.Draw(sheet)
    for row, (line, font) in enumerate(zip(lines, fonts, strict=True)):
        pen.text((4, 3 + row * height), line, fill="black", font=font)
    sheet.paste(picture, (0, height * len(lines) + 6))
    if scale is not None:
        key = _colour_key(picture.width, below, scale, size)
        sheet.paste(key, (0, sheet.height - below))
    return sheet


def _corners(region: Region, factor: tuple[float, float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = region.box
    return x1 * factor[0] + 1, y1 * factor[1] + 1, x2 * factor[0] - 2, y2 * factor[1] - 2


def _frame(
    pen: ImageDraw.ImageDraw,
    corners: tuple[float, float, float, float],
    colour: tuple[int, int, int],
    *,
    dashed: bool,
) -> None:
    x1, y1, x2, y2 = corners
    if x2 <= x1 or y2 <= y1:
        return
    if not dashed:
        pen.rectangle(corners, outline=colour, width=2)
        return
    for start in np.arange(x1, x2, 2 * DASH):
        stop = min(float(start) + DASH, x2)
        pen.line((start, y1, stop, y1), fill=colour, width=2)
        pen.line((start, y2, stop, y2), fill=colour, width=2)
    for start in np.arange(y1, y2, 2 * DASH):
        stop = min(float(start) + DASH, y2)
        pen.line((x1, start, x1, stop), fill=colour, width=2)
        pen.line((x2, start, x2, stop), fill=colour, width=2)


def _write_score(
    pen: ImageDraw.ImageDraw,
    score: float,
    corners: tuple[float, float, float, float],
    colour: tuple[int, int, int],
) -> None:
    x1, y1, x2, y2 = corners
    text = f"{score:+.1f}"
    font = ImageFont.load_default(max(8, min(15, int((x2 - x1) / 2.9))))
    left, top, right, bottom = pen.textbbox((0, 0), text, font=font)
    if right - left > x2 - x1 or bottom - top > y2 - y1:
        return  # a cell cut by the image's edge, or cells too small to write in
    place = ((x1 + x2 - left - right) / 2, (y1 + y2 - top - bottom) / 2)
    pen.text(place, text, font=font, fill="white", stroke_width=2, stroke_fill=tuple(c // 2 for c in colour))


def _fitting_font(line: str, size: int, width: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    font = ImageFont.load_default(size)
    while size > 8 and font.getlength(line) > width:
        size -= 1
        font = ImageFont.load_default(size)
    return font


def _colour_key(width: int, height: int, scale: float, size: int) -> Image.Image:
    """Draw the colours from minus to plus ``scale``, with the ends named."""
    key = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(key)
    font = ImageFont.load_default(max(9, size - 4))
    ends = (f"against {-scale:+.1f}", f"{scale:+.1f} for")
    margin = round(max(font.getlength(end) for end in ends)) + 12
    if width > 2 * margin + 20:
        ramp = np.linspace(-scale, scale, width - 2 * margin, dtype=np.float32)[None].repeat(
            height // 2, axis=0
        )
        grey = Image.new("RGB", (ramp.shape[1], ramp.shape[0]), (200, 200, 200))
        key.paste(overlay_map(grey, ramp, scale=scale), (margin, height // 4))
    pen.text((4, height // 2), ends[0], fill=AGAINST, font=font, anchor="lm")
    pen.text((width - 4, height // 2), ends[1], fill=FOR, font=font, anchor="rm")
    return key
