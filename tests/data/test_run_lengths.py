"""Run lengths are the masks that pycocotools makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from weldon.data.run_lengths import box_of_mask, mask_of_runs, runs_of_text


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


@pytest.mark.parametrize("shape", [(0, 3), (-1, 3), (10**6, 10**6)])
def test_a_shape_that_no_picture_has_is_refused(shape):
    with pytest.raises(ValueError, match="cannot be"):
        mask_of_runs([1], shape)


@pytest.mark.parametrize("text", ["abc~", "o", " "])
def test_a_text_that_is_cut_or_strange_is_refused(text):
    with pytest.raises(ValueError, match="run length"):
        runs_of_text(text)


def test_an_empty_mask_has_no_box():
    assert box_of_mask(np.zeros((2, 3), dtype=bool)) is None
