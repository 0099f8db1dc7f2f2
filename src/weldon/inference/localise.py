"""Where a class is: the highest cell as a point, the connected parts above a level as boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from weldon.data.geometry import TILES, Geometry, crop_map, upsample_map
from weldon.data.record import Box
from weldon.errors import UsageError

LONGEST_SIDE = 1024  # boxes are cut from maps of at most this size: a cell is far larger than a pixel of it,
PIXELS_A_CELL = 4  # or, where there are more cells, of this many pixels a cell


@dataclass(frozen=True, slots=True)
class Point:
    """A place in pixels of the upright original image, with the map's value there.

    Args:
        x: to the right.
        y: down.
        score: of the region, F(x, y, h).
    """

    x: float
    y: float
    score: float


def highest_cell(class_map: Tensor) -> tuple[int, int]:
    """Return row and column of the highest cell of an ``(h, w)`` map, the first in reading order of equals.

    Example:
        >>> import torch
        >>> highest_cell(torch.tensor([[0.0, 1.0], [3.0, 2.0]]))
        (1, 0)
    """
    return divmod(int(class_map.argmax()), class_map.shape[-1])


def locate_point(class_map: Tensor, geometry: Geometry) -> Point:
    """Return the centre of the highest cell on the image (Oquab's pointwise localisation, section 6.4).

    Args:
        class_map: ``(h, w)`` float over the whole canvas; cells of padding are not looked at.
        geometry: how the image lay on the canvas.

    Example:
        >>> import torch
        >>> locate_point(torch.tensor([[0.0, 1.0], [9.0, 9.0]]), Geometry(400, 200, 320))  # padding below
        Point(x=300.0, y=100.0, score=1.0)
    """
    grid = (class_map.shape[0], class_map.shape[1])
    row, col = highest_cell(crop_map(class_map, geometry))
    return Point(*geometry.cell_centre(row, col, grid), score=float(class_map[row, col]))


def locate_boxes(
    class_map: Tensor, geometry: Geometry, *, label: str, threshold: float = 0.5, min_area: float = 0.005
) -> list[Box]:
    """Return a box around each connected part of the map above a share of its range, best first.

    Args:
        class_map: ``(h, w)`` float over the whole canvas.
        geometry: how the image lay on the canvas.
        label: class name of the boxes.
        threshold: share of the way from the map's lowest value to its highest, in (0, 1).
        min_area: parts smaller than this share of the image are left out, the one with the peak excepted;
            of a picture seen by tiles, those that are also smaller than a quarter of a cell.

    Returns:
        Boxes in pixels of the original, each scored with the highest value inside; none for a flat map.

    Raises:
        UsageError: ``threshold`` or ``min_area`` out of range.
    """
    size = _working_size(geometry, max(class_map.shape))
    values = upsample_map(class_map[None].float(), geometry, size=size)[0].cpu().numpy()
    across, down = geometry.width / size[1], geometry.height / size[0]
    if geometry.resize == TILES:  # its objects are small shares of it
        min_area = min(min_area, geometry.image_size**2 / (4 * geometry.width * geometry.height))
    return [
        Box(label, x1 * across, y1 * down, x2 * across, y2 * down, score=score)
        for (x1, y1, x2, y2), score in cut_boxes(values, threshold=threshold, min_area=min_area)
    ]


def cut_boxes(
    values: NDArray[np.float32], *, threshold: float, min_area: float
) -> list[tuple[tuple[int, int, int, int], float]]:
    """Return x1, y1, x2, y2 and the highest value of each part of ``values`` above a share of its range.

    Parts touch along an edge or at a corner (8 neighbours); x2 and y2 lie just behind the last pixel.

    Args:
        values: ``(H, W)`` float.
        threshold: share of the way from the lowest value to the highest, in (0, 1).
        min_area: smallest part, as a share of all pixels, in [0, 1).

    Raises:
        UsageError: ``threshold`` or ``min_area`` out of range.

    Example:
        >>> values = np.array([[9.0, 0.0, 0.0, 0.0], [8.0, 0.0, 0.0, 6.0]], dtype=np.float32)
        >>> cut_boxes(values, threshold=0.5, min_area=0.0)
        [((0, 0, 1, 2), 9.0), ((3, 1, 4, 2), 6.0)]
    """
    _check_share("threshold", threshold, lowest_allowed=False)
    _check_share("min_area", min_area, lowest_allowed=True)
    low, high = float(values.min()), float(values.max())
    if high <= low:
        return []
    parts, _ = ndimage.label(values >= low + threshold * (high - low), structure=np.ones((3, 3)))
    found = []
    for index, (rows, columns) in enumerate(ndimage.find_objects(parts), start=1):
        inside = parts[rows, columns] == index
        peak = float(values[rows, columns][inside].max())
        if inside.sum() >= min_area * values.size or peak == high:
            found.append(((columns.start, rows.start, columns.stop, rows.stop), peak))
    return sorted(found, key=lambda part: -part[1])


def _working_size(geometry: Geometry, cells: int) -> tuple[int, int]:
    longest = max(LONGEST_SIDE, PIXELS_A_CELL * cells)
    factor = min(1.0, longest / max(geometry.width, geometry.height))
    return max(1, round(geometry.height * factor)), max(1, round(geometry.width * factor))


def _check_share(name: str, value: float, *, lowest_allowed: bool) -> None:
    if not (0 < value < 1 or (lowest_allowed and value == 0)):
        bracket = "[" if lowest_allowed else "("
        raise UsageError(f"{name} must be a share in {bracket}0, 1), got {value!r}")
