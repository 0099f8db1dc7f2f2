"""Masks to polygons and back, pixel for pixel."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from weldon.data.formats.polygons import Region, regions_of


def filled(outlines, shape: tuple[int, int]) -> np.ndarray:
    """Count, for each pixel centre, the polygons that hold it (rays to the left; a naive loop)."""
    count = np.zeros(shape, dtype=int)
    for points in outlines:
        for y in range(shape[0]):
            for x in range(shape[1]):
                inside = False
                for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
                    if (y1 > y + 0.5) != (y2 > y + 0.5) and x + 0.5 > x1 + (y + 0.5 - y1) * (x2 - x1) / (
                        y2 - y1
                    ):
                        inside = not inside
                count[y, x] += inside
    return count


@settings(max_examples=150, deadline=None)
@given(hnp.arrays(bool, st.tuples(st.integers(1, 7), st.integers(1, 7))))
def test_polygons_fill_the_mask_once_and_nothing_else(mask):
    regions = regions_of(mask)
    outlines = [points for region in regions for points in region.outlines]
    assert np.array_equal(filled(outlines, mask.shape), mask.astype(int))
    assert sum(region.area for region in regions) == mask.sum()


def test_a_ring_becomes_pieces_without_a_hole():
    mask = np.ones((5, 5), dtype=bool)
    mask[1:4, 1:4] = False
    (region,) = regions_of(mask)
    assert region.area == 16
    assert region.box == (0, 0, 5, 5)
    assert len(region.outlines) == 2
    assert np.array_equal(filled(region.outlines, (5, 5)), mask.astype(int))


def test_regions_come_by_size_and_touching_corners_do_not_join():
    mask = np.zeros((4, 6), dtype=bool)
    mask[0, 0] = mask[1, 1] = True
    mask[2:, 3:] = True
    assert [region.area for region in regions_of(mask)] == [6, 1, 1]
    assert regions_of(mask)[0] == Region((((3, 2), (6, 2), (6, 4), (3, 4)),), (3, 2, 6, 4), 6)


def test_only_corners_are_kept():
    (region,) = regions_of(np.ones((300, 400), dtype=bool))
    assert region.outlines == (((0, 0), (400, 0), (400, 300), (0, 300)),)


def test_an_empty_mask_has_no_regions():
    assert regions_of(np.zeros((3, 4), dtype=bool)) == []
