"""The paper's picture figures as images: 1, 3 and 4 (evidence), 7 (segmentation)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from weldon.errors import UsageError
from weldon.inference.evidence import Evidence
from weldon.inference.overlay import draw_evidence, overlay_map, side_by_side, with_caption
from weldon.inference.result import Result
from weldon.report.data_uri import mask_colours

SIDE = 480
MASK_OPACITY = 0.65


def evidence_figure(
    result: Result, class_names: Sequence[str], *, regions: int = 1, side: int = SIDE
) -> Image.Image:
    """Set the photograph beside its heat map for each class, the strongest regions framed and scored.

    Fig. 1 is a right and two wrong classes with ``regions=1``; Fig. 3 a right and a wrong one with
    ``regions=3``; Fig. 4 a class that is present and one that is absent.

    Args:
        result: of the image.
        class_names: one panel each.
        regions: framed on each side, at most those that the pooling weighs.
        side: long side of a panel, in pixels.

    Raises:
        UsageError: no class, an unknown one, or fewer than one region.
    """
    if not class_names:
        raise UsageError("class_names must name at least one class, got none")
    if regions < 1:
        raise UsageError(f"regions must be at least 1, got {regions!r}")
    factor = side / max(result.width, result.height)
    size = (max(1, round(result.width * factor)), max(1, round(result.height * factor)))
    photo = result.image.resize(size, Image.Resampling.LANCZOS)
    panels = [_evidence_panel(result, name, photo, regions) for name in class_names]
    return side_by_side([with_caption(photo, ["", ""]), *panels])


def segmentation_figure(
    rows: Sequence[tuple[Image.Image, NDArray[np.uint8], NDArray[np.uint8]]], *, side: int = 320
) -> Image.Image:
    """Set photograph, true mask and predicted mask side by side, a row for each image (Fig. 7).

    Args:
        rows: photograph, truth and prediction ``(height, width)`` uint8, 0 background, 255 not labelled.
        side: long side of a picture, in pixels.

    Raises:
        UsageError: no rows.
    """
    if not rows:
        raise UsageError("rows must be at least one image with its masks, got none")
    lines = [
        side_by_side(
            [_fit(picture, side) for picture in (photo, paint_mask(photo, truth), paint_mask(photo, guess))]
        )
        for photo, truth, guess in rows
    ]
    gap = 12
    height = sum(line.height for line in lines) + gap * (len(lines) - 1)
    sheet = Image.new("RGB", (max(line.width for line in lines), height), "white")
    top = 0
    for line in lines:
        sheet.paste(line, (0, top))
        top += line.height + gap
    return sheet


def paint_mask(photo: Image.Image, mask: NDArray[np.uint8]) -> Image.Image:
    """Lay a mask in the page's colours over the photograph in grey; background stays bare, 255 turns white.

    Args:
        photo: RGB.
        mask: ``(height, width)`` uint8 of the photograph's size.

    Raises:
        UsageError: the sizes differ.
    """
    if mask.shape != (photo.height, photo.width):
        raise UsageError(f"mask must be {(photo.height, photo.width)} like its photograph, got {mask.shape}")
    palette = np.array(mask_colours(), dtype=np.uint8)
    opacity = np.where(mask == 0, 0, round(255 * MASK_OPACITY)).astype(np.uint8)
    layer = np.concatenate((palette[mask], opacity[..., None]), axis=-1)  # (H, W, 4)
    grey = photo.convert("L").convert("RGBA")
    return Image.alpha_composite(grey, Image.fromarray(layer)).convert("RGB")


def _evidence_panel(result: Result, name: str, photo: Image.Image, regions: int) -> Image.Image:
    evidence = result.evidence(name)
    shown = replace(evidence, top=evidence.top[:regions], low=evidence.low[:regions])
    heat = result.heatmap(name, size=(photo.height, photo.width))
    picture = overlay_map(photo, heat, scale=result.decision.map_scale)
    drawn = draw_evidence(picture, shown, factor=(photo.width / result.width, photo.height / result.height))
    return with_caption(drawn, [f"{name} ({evidence.score:+.1f})", _means(shown)])


def _means(shown: Evidence) -> str:
    """Say what the framed regions score on average, as the paper's figures do."""
    parts = [
        f"{sign}: {sum(region.score for region in side) / len(side):+.1f}"
        for sign, side in (
            (_name(shown.top, "top", "h+"), shown.top),
            (_name(shown.low, "low", "h-"), shown.low),
        )
        if side
    ]
    return ", ".join(parts)


def _name(side: Sequence[object], word: str, single: str) -> str:
    return single if len(side) == 1 else f"{word}-{len(side)}"


def _fit(picture: Image.Image, side: int) -> Image.Image:
    factor = side / max(picture.size)
    return picture.resize((max(1, round(picture.width * factor)), max(1, round(picture.height * factor))))
