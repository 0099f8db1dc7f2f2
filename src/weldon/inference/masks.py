"""From class maps to a mask of the image: a class or background for every pixel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from weldon.crf.dense_crf import DenseCRF
from weldon.crf.parameters import CRFParameters
from weldon.data.geometry import Geometry, crop_map, upsample_map
from weldon.errors import UsageError

MOST_CLASSES = 254  # an indexed PNG has 256 values: 0 is background, 255 "not labelled"
SHARPNESS = 10.0
CRF_SIDE = 512
MOST_CLAIMS = 1 << 23  # numbers held at a time while a mask is drawn


def foreground_shares(
    class_maps: Tensor,
    geometry: Geometry,
    *,
    relative: bool = True,
    size: tuple[int, int] | None = None,
    rows: tuple[int, int] | None = None,
) -> Tensor:
    """Return how much each class claims each pixel, ``(C, height, width)``.

    Args:
        class_maps: ``(C, h, w)`` float over the whole canvas, of the classes that are in the image.
        geometry: how the image lay on the canvas.
        relative: each map as a share of its own range in this image, 0 to 1; False keeps the raw scores.
        size: ``(height, width)`` of the answer; the original image's by default.
        rows: those of the answer that are wanted, as :func:`weldon.data.upsample_map` takes them.
    """
    values = class_maps.float()
    shares = map_shares(values, geometry) if relative else values
    return upsample_map(shares, geometry, size=size, rows=rows)


def map_shares(class_maps: Tensor, geometry: Geometry) -> Tensor:
    """Return each map as a share of its range on the picture, ``(C, h, w)``; a flat map becomes 0.

    Example:
        >>> map_shares(torch.tensor([[[1.0, 3.0], [2.0, 5.0]]]), Geometry(8, 8, 64))
        tensor([[[0.0000, 0.5000],
                 [0.2500, 1.0000]]])
    """
    inside = crop_map(class_maps, geometry).flatten(1)  # (C, cells)
    low, high = inside.min(dim=1).values, inside.max(dim=1).values
    spread = torch.where(high > low, high - low, torch.ones_like(high))
    return (class_maps - low[:, None, None]) / spread[:, None, None]


def claims_with_background(shares: Tensor, *, background: float) -> Tensor:
    """Put the background, a constant claim, in front of the classes: ``(C, H, W)`` to ``(1 + C, H, W)``.

    Example:
        >>> claims_with_background(torch.tensor([[[0.2, 0.9]]]), background=0.5).argmax(dim=0)
        tensor([[0, 1]])
    """
    return torch.cat((torch.full_like(shares[:1], background), shares))


def mask_indices(claims: Tensor, present: Sequence[int]) -> Tensor:
    """Return the winner of each pixel as ``(H, W)`` uint8: 0 is background, ``i + 1`` class ``i``.

    Args:
        claims: ``(1 + len(present), H, W)``, background first; equal claims go to the earlier.
        present: class index of each further claim.

    Raises:
        UsageError: a class index above 253, which an indexed PNG cannot hold beside 255 for "not labelled".

    Example:
        >>> mask_indices(torch.tensor([[[0.5, 0.5]], [[0.2, 0.9]]]), present=[7])
        tensor([[0, 8]], dtype=torch.uint8)
    """
    if any(index >= MOST_CLASSES for index in present):
        raise UsageError(f"masks hold at most {MOST_CLASSES} classes, got class number {max(present) + 1}")
    values = torch.tensor([0, *(index + 1 for index in present)], dtype=torch.uint8, device=claims.device)
    return values[claims.argmax(dim=0)]


def refine_claims(
    claims: Tensor, image: Image.Image, *, sharpness: float = SHARPNESS, **options: Any
) -> Tensor:
    """Return label probabilities that follow the edges of the picture, ``(1 + C, H, W)``.

    Args:
        claims: ``(1 + C, H, W)``, background first.
        image: the picture at the same size.
        sharpness: log-odds between a claim of 1 and a claim of 0, before refinement.
        options: the parameters of :class:`weldon.crf.parameters.CRFParameters`.
    """
    pixels = picture_tensor(image).to(claims.device)
    return _crf(CRFParameters(**options))((sharpness * claims).softmax(dim=0), pixels)


def picture_tensor(image: Image.Image) -> Tensor:
    """Return a picture as ``(3, H, W)`` uint8."""
    return torch.from_numpy(np.array(image)).movedim(-1, 0)  # (H, W, 3) -> (3, H, W)


@lru_cache(maxsize=1)
def _crf(parameters: CRFParameters) -> DenseCRF:
    return DenseCRF(parameters)  # kept: it remembers what depends on a picture's size only


def segment(
    class_maps: Tensor,
    present: Sequence[int],
    geometry: Geometry,
    *,
    background: float,
    relative: bool = True,
    image: Image.Image | None = None,
    crf_options: Mapping[str, Any] | None = None,
) -> NDArray[np.uint8]:
    """Return the mask of an image from the maps of the classes that are in it.

    Args:
        class_maps: ``(C, h, w)`` float over the whole canvas.
        present: indices of the classes that are in the image; none gives an empty mask.
        geometry: how the image lay on the canvas.
        background: constant claim of the background, on the scale that ``relative`` chooses.
        relative: measure each map as a share of its range in this image; False takes raw scores.
        image: the picture, to refine the mask along its edges with the fully connected CRF, which works on
            at most 512 pixels a side, the size its parameters in pixels are made for; None does not.
        crf_options: of :func:`refine_claims`.

    Returns:
        ``(height, width)`` uint8: 0 is background, ``i + 1`` class ``i``.
    """
    full = (geometry.height, geometry.width)
    if not present:
        return np.zeros(full, dtype=np.uint8)
    maps = class_maps[list(present)]

    def claims(size: tuple[int, int], rows: tuple[int, int] | None = None) -> Tensor:
        shares = foreground_shares(maps, geometry, relative=relative, size=size, rows=rows)
        return claims_with_background(shares, background=background)

    parts: Iterator[Tensor]
    if image is None:
        parts = map(partial(claims, full), _bands(full, 1 + len(present)))
    else:
        size = crf_size(geometry)
        refined = refine_claims(claims(size), image.resize((size[1], size[0])), **(crf_options or {}))
        parts = _enlarged(refined, full)
    mask = np.empty(full, dtype=np.uint8)
    for (first, last), part in zip(_bands(full, 1 + len(present)), parts, strict=True):
        mask[first:last] = mask_indices(part, present).cpu().numpy()
    return mask


def _bands(size: tuple[int, int], claims: int) -> list[tuple[int, int]]:
    """Return the rows of a mask in bands whose claims take little memory; of most pictures it is one band."""
    rows = max(1, MOST_CLAIMS // (size[1] * claims))
    return [(first, min(first + rows, size[0])) for first in range(0, size[0], rows)]


def _enlarged(claims: Tensor, size: tuple[int, int]) -> Iterator[Tensor]:
    """Yield claims ``(C, h, w)`` at a larger size, bilinear, in bands."""
    bands = _bands(size, len(claims))
    if len(bands) == 1:
        yield functional.interpolate(claims[None], size, mode="bilinear")[0]
        return
    whole = Geometry(size[1], size[0], 1, "warp")
    yield from (upsample_map(claims, whole, rows=rows) for rows in bands)


def crf_size(geometry: Geometry) -> tuple[int, int]:
    """Return height and width at which the CRF sees an image: its own, at most 512 pixels a side.

    Example:
        >>> crf_size(Geometry(2048, 1024, 448))
        (256, 512)
    """
    factor = min(1.0, CRF_SIDE / max(geometry.width, geometry.height))
    return max(1, round(geometry.height * factor)), max(1, round(geometry.width * factor))
