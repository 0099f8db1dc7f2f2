"""Photograph, true mask, predicted mask."""

from __future__ import annotations

import numpy as np
import pytest

from weldon.data.scenes import SIDE
from weldon.errors import DataError
from weldon.report.triples import draw_triples, image_iou, read_truth, spread_evenly


def test_triples_are_spread_over_the_list():
    assert spread_evenly(100, 4) == [12, 37, 62, 87]
    assert spread_evenly(0, 4) == []


def test_iou_leaves_out_what_nobody_labelled():
    truth = np.array([[0, 1, 255, 255]], dtype=np.uint8)
    assert image_iou(truth, np.array([[0, 1, 1, 3]], dtype=np.uint8)) == 1.0


def test_truth_has_the_numbers_of_the_runs_own_masks(split, scenes):
    truth = read_truth(split.records, split.classes, folder=scenes / "masks")
    record = split.records[0]
    numbers = set(np.unique(truth.read(record.file_name, (SIDE, SIDE))).tolist()) - {0}
    assert {split.classes[number - 1] for number in numbers} == record.labels


def test_without_masks_there_are_no_triples(split):
    assert read_truth(split.records, split.classes, folder=None) is None
    assert draw_triples(split.records, None, None, limit=3, first_key=0) == []


def test_folder_without_any_mask_is_refused(split, tmp_path):
    with pytest.raises(DataError, match="masks must be a folder"):
        read_truth(split.records, split.classes, folder=tmp_path)
