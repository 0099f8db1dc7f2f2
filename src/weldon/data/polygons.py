"""Masks to polygons along the edges of pixels, exactly: filled again, they give the mask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weldon.data.annotation import ImageAnnotation

Points = tuple[tuple[float, float], ...]


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

    A polygon cannot have a hole, so a region with holes is cut in two through the hole until none is left.

    Args:
        mask: ``(height, width)``.

    Example:
        >>> regions_of(np.array([[True, True, False], [False, False, False]]))[0].outlines
        (((0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0)),)
    """
    from scipy import ndimage

    numbered, _ = ndimage.label(mask)
    found = []
    for number, place in enumerate(ndimage.find_objects(numbered), start=1):
        region = numbered[place] == number
        rows, columns = place
        outlines = tuple(
            _moved(_outline(piece), columns.start, rows.start) for piece in _without_holes(region)
        )
        box = (float(columns.start), float(rows.start), float(columns.stop), float(rows.stop))
        found.append(Region(outlines, box, int(region.sum())))
    return sorted(found, key=lambda region: -region.area)


def _without_holes(region: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    """Yield connected parts without holes, each on the whole canvas."""
    from scipy import ndimage

    holes = ndimage.binary_fill_holes(region) & ~region
    if not holes.any():
        yield region
        return
    cut = int(np.flatnonzero(holes.any(axis=0))[0]) + 1  # just behind the first column of the first hole
    for half in (slice(None, cut), slice(cut, None)):
        side = np.zeros_like(region)
        side[:, half] = region[:, half]
        numbered, count = ndimage.label(side)
        for number in range(1, count + 1):
            yield from _without_holes(numbered == number)


def _outline(region: NDArray[np.bool_]) -> Points:
    """Walk round a region without holes, clockwise on the screen, and keep the corners."""
    onward = _edges(region)
    first = min(onward)
    walk = [first]
    while (corner := onward[walk[-1]]) != first:
        walk.append(corner)
    return tuple(
        (float(x), float(y))
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


def _moved(points: Points, x: int, y: int) -> Points:
    return tuple((px + x, py + y) for px, py in points)
