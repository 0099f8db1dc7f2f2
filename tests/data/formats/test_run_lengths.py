"""Run lengths are the masks that pycocotools makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from weldon.data.formats.run_lengths import box_of_runs, mask_of_runs, runs_of_text


def test_texts_are_decoded_as_pycocotools_encodes_them():
    tools = pytest.importorskip("pycocotools.mask")
    rng = np.random.default_rng(0)
    for _ in range(50):
        height, width = rng.integers(1, 40, 2)
        mask = rng.random((height, width)) < rng.random()
        text = tools.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
        assert np.array_equal(mask_of_runs(runs_of_text(text), (width, height)).T, mask)


@pytest.mark.parametrize("runs", [[1, 2], [7], [-1, 7], [2**70], [[6]], ["a"], [float("nan")]])
def test_runs_that_do_not_fill_the_mask_are_refused(runs):
    with pytest.raises((ValueError, OverflowError)):
        mask_of_runs(runs, (2, 3))


@pytest.mark.parametrize("shape", [(0, 3), (-1, 3), (-1, -1)])
def test_a_shape_that_no_picture_has_is_refused(shape):
    with pytest.raises(ValueError, match="must be of a mask"):
        mask_of_runs([1], shape)


@pytest.mark.parametrize("text", ["abc~", "o", " "])
def test_a_text_that_is_cut_or_strange_is_refused(text):
    with pytest.raises(ValueError, match="run length"):
        runs_of_text(text)


def test_the_box_is_that_of_the_filled_mask():
    rng = np.random.default_rng(0)
    for _ in range(200):
        mask = rng.random(rng.integers(1, 9, 2)) < rng.random() / 2
        changes = np.flatnonzero(np.diff(mask.ravel(), prepend=False, append=~mask.ravel()[-1]))
        runs = np.diff(changes, prepend=0)
        assert np.array_equal(mask_of_runs(runs, mask.shape), mask)
        rows, columns = np.nonzero(mask)
        around = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else None
        assert box_of_runs(runs, mask.shape) == around


def test_a_mask_of_any_claimed_size_takes_no_memory():
    side = 10**9
    assert box_of_runs([side, 2, side * side - side - 2], (side, side)) == (0, 1, 2, 2)
