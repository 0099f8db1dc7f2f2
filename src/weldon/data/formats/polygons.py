"""Masks to polygons along the edges of pixels, exactly: filled again, they give the mask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weldon.data.formats.annotation import ImageAnnotation

Points = tuple[tuple[float, float], ...]
Placed = tuple[int, int, NDArray[np.bool_]]  # x, y of the upper left corner, and the pixels from there on


@dataclass(frozen=True, slots=True)
class Region:
    """One connected region of a mask.

    Args:
        outlines: polygons that do not overlap and together cover it; several where it has holes.
        box: x1, y1, x2, y2.
        area: in pixels.
    """

    outlines: tuple[Points, ...]
    box: tuple[float, float, float, float]
    area: int


def mask_regions(
    image: ImageAnnotation, classes: Sequence[str]
) -> Iterator[tuple[str, Region, float | None]]:
    """Yield class name, region and score of each connected region of an image's mask."""
    if image.mask is None:
        return
    for number, name in enumerate(classes, start=1):
        score = None if image.scores is None else image.scores.get(name)
        for region in regions_of(np.asarray(image.mask) == number):
            yield name, region, score


def regions_of(mask: NDArray[np.bool_]) -> list[Region]:
    """Return the connected regions of a mask (pixels that share a side), the largest first.

    A polygon cannot have a hole, so a region with holes is cut in two through a hole until none is left.

    Args:
        mask: ``(height, width)``.

    Example:
        >>> regions_of(np.array([[True, True, False], [False, False, False]]))[0].outlines
        (((0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0)),)
    """
    found = []
    for x, y, region in _connected(mask):
        outlines = tuple(_outline(piece, x + across, y + down) for across, down, piece in _whole(region))
        height, width = region.shape
        box = (float(x), float(y), float(x + width), float(y + height))
        found.append(Region(outlines, box, int(region.sum())))
    return sorted(found, key=lambda region: -region.area)


def _connected(mask: NDArray[np.bool_]) -> Iterator[Placed]:
    """Yield each connected part, cut to its own rectangle."""
    from scipy import ndimage

    numbered, _ = ndimage.label(mask)
    for number, (rows, columns) in enumerate(ndimage.find_objects(numbered), start=1):
        yield columns.start, rows.start, numbered[rows, columns] == number


def _whole(region: NDArray[np.bool_]) -> Iterator[Placed]:
    """Yield connected parts without holes that together are the region."""
    from scipy import ndimage

    background, _ = ndimage.label(np.pad(~region, 1, constant_values=True))
    holes = (background > background[0, 0])[
        1:-1, 1:-1
    ]  # the outside is labelled first, pixels of the region are 0
    if not holes.any():
        yield 0, 0, region
        return
    columns = np.flatnonzero(holes.any(axis=0))
    cut = int(columns[len(columns) // 2]) + 1  # in the middle, so that even a sieve takes few levels
    for start, half in ((0, region[:, :cut]), (cut, region[:, cut:])):
        for x, y, part in _connected(half):
            for across, down, piece in _whole(part):
                yield start + x + across, y + down, piece


def _outline(region: NDArray[np.bool_], left: int, top: int) -> Points:
    """Walk round a region without holes, clockwise on the screen, and keep the corners."""
    onward = _edges(region)
    first = min(onward)
    walk = [first]
    while (corner := onward[walk[-1]]) != first:
        walk.append(corner)
    return tuple(
        (float(x + left), float(y + top))
        for (x0, y0), (x, y), (x2, y2) in zip([walk[-1], *walk[:-1]], walk, [*walk[1:], first], strict=True)
        if (x - x0, y - y0) != (x2 - x, y2 - y)  # steps have length 1: equal steps go straight on
    )


def _edges(region: NDArray[np.bool_]) -> dict[tuple[int, int], tuple[int, int]]:
    """Return, from each corner on the border, the next corner with the region to the right of the step."""
    padded = np.pad(region, 1)
    inside = padded[1:-1, 1:-1]
    sides = (
        (padded[:-2, 1:-1], (0, 0), (1, 0)),  # nothing above: from left to right along the upper edge
        (padded[1:-1, 2:], (1, 0), (1, 1)),
        (padded[2:, 1:-1], (1, 1), (0, 1)),
        (padded[1:-1, :-2], (0, 1), (0, 0)),
    )
    onward = {}
    for neighbour, (x0, y0), (x1, y1) in sides:
        for y, x in np.argwhere(inside & ~neighbour).tolist():
            onward[x + x0, y + y0] = (x + x1, y + y1)
    return onward
