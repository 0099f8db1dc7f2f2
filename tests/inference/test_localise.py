"""Points and boxes against cases worked out by hand, under both resizes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from weldon.data.geometry import Geometry
from weldon.errors import UsageError
from weldon.inference.localise import Point, cut_boxes, locate_boxes, locate_point


def peak_map(row: int, col: int, *, side: int, value: float = 5.0) -> torch.Tensor:
    """A map of zeros with one high cell."""
    scores = torch.zeros(side, side)
    scores[row, col] = value
    return scores


def test_point_under_warp_is_the_cell_stretched_with_the_image():
    # 100 x 60 pixels under 4 x 4 cells: each is 25 x 15; the centre of row 2, column 3 is (87.5, 37.5)
    assert locate_point(peak_map(2, 3, side=4), Geometry(100, 60, 64, "warp")) == Point(87.5, 37.5, 5.0)


def test_point_under_keep_has_square_cells():
    # 100 x 60 on a canvas of 50: half size; 5 x 5 cells of 10 canvas pixels = 20 original ones
    assert locate_point(peak_map(1, 4, side=5), Geometry(100, 60, 50, "keep")) == Point(90.0, 30.0, 5.0)


def test_point_never_falls_on_padding():
    # 30 canvas pixels of 50 are picture: rows 3 and 4 are padding
    scores = peak_map(4, 0, side=5) + peak_map(2, 2, side=5, value=1.0)
    assert locate_point(scores, Geometry(100, 60, 50, "keep")) == Point(50.0, 50.0, 1.0)


def test_point_of_a_cell_that_leaves_the_image_is_clipped_to_it():
    # 100 x 52: 26 canvas pixels, so that row 2 (20 to 30) is 60 % picture; its centre, 25, is at y = 50
    assert locate_point(peak_map(2, 0, side=5), Geometry(100, 52, 50, "keep")).y == 50.0
    # 100 x 50: 25 canvas pixels, row 2 is half picture; its centre lies on the lower edge
    assert locate_point(peak_map(2, 0, side=5), Geometry(100, 50, 50, "keep")).y == 50.0


def test_box_spans_the_half_height_of_a_peak():
    # Warp 80 x 40 with 4 x 4 cells of 20 x 10. The peak is 1 at x = 30 and falls to 0 at 10 and 50, linearly:
    # one half is reached 10 pixels from the centre, in the row of the peak.
    box = locate_boxes(peak_map(1, 1, side=4), Geometry(80, 40, 64, "warp"), label="cat", threshold=0.5)[0]
    assert (box.x1, box.x2) == (20.0, 40.0)
    assert (box.y1, box.y2) == (10.0, 20.0)
    assert box.label == "cat"
    # Pixel centres lie half a pixel from the cell's: the highest is 5 (1 - 0.5/20) (1 - 0.5/10)
    assert box.score == pytest.approx(5 * 0.975 * 0.95)


def test_boxes_under_keep_do_not_reach_into_padding():
    scores = torch.zeros(5, 5)
    scores[2] = 1.0  # the last row of picture
    scores[3:] = 9.0  # padding
    boxes = locate_boxes(scores, Geometry(100, 60, 50, "keep"), label="cat")
    assert [(box.x1, box.x2, box.y2) for box in boxes] == [(0.0, 100.0, 60.0)]


def test_boxes_of_large_images_are_in_original_pixels():
    small = locate_boxes(peak_map(1, 1, side=4), Geometry(800, 400, 64, "warp"), label="cat")[0]
    large = locate_boxes(peak_map(1, 1, side=4), Geometry(8000, 4000, 64, "warp"), label="cat")[0]
    for edge in ("x1", "y1", "x2", "y2"):
        assert getattr(large, edge) == pytest.approx(10 * getattr(small, edge), abs=16)


def test_parts_that_touch_at_a_corner_are_one():
    values = np.array([[1, 0], [0, 1]], dtype=np.float32)
    assert cut_boxes(values, threshold=0.5, min_area=0.0) == [((0, 0, 2, 2), 1.0)]


def test_small_parts_go_but_the_peak_stays():
    values = np.zeros((10, 10), dtype=np.float32)
    values[0, 0], values[5, 5], values[8:, 8:] = 9.0, 7.0, 6.0
    boxes = cut_boxes(values, threshold=0.5, min_area=0.03)
    assert [score for _, score in boxes] == [9.0, 6.0]


def test_higher_thresholds_give_boxes_inside_those_of_lower_ones(generator: torch.Generator):
    values = torch.rand(20, 20, generator=generator).numpy()
    wide = cut_boxes(values, threshold=0.3, min_area=0.0)
    for (x1, y1, x2, y2), _ in cut_boxes(values, threshold=0.7, min_area=0.0):
        assert any(a <= x1 and b <= y1 and c >= x2 and d >= y2 for (a, b, c, d), _ in wide)


def test_boxes_ignore_a_shift_and_a_positive_factor(generator: torch.Generator):
    values = torch.rand(12, 12, generator=generator).numpy()
    same = cut_boxes(4 * values - 100, threshold=0.6, min_area=0.01)
    assert [box for box, _ in same] == [box for box, _ in cut_boxes(values, threshold=0.6, min_area=0.01)]


def test_a_flat_map_has_no_box():
    assert locate_boxes(torch.ones(3, 3), Geometry(30, 30, 32), label="cat") == []


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.1, 50])
def test_a_threshold_that_is_no_share_is_refused(threshold: float):
    with pytest.raises(UsageError, match=r"threshold must be a share in \(0, 1\)"):
        cut_boxes(np.zeros((2, 2), dtype=np.float32), threshold=threshold, min_area=0.0)


def test_of_a_picture_seen_by_tiles_parts_of_one_cell_are_kept():
    values = torch.zeros(60, 80)
    values[10, 10], values[50, 70] = 5.0, 4.0
    corners = [(box.x1, box.y1) for box in locate_boxes(values, Geometry(2560, 1920, 32, "tiles"), label="a")]
    assert corners == [pytest.approx((328, 328), abs=8), pytest.approx((2248, 1608), abs=12)]
    assert len(locate_boxes(values, Geometry(2560, 1920, 2560, "warp"), label="a")) == 1
