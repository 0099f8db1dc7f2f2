"""The AP loss of a large set is the same for one, two and four processes, and none holds the scores twice."""

from __future__ import annotations

import os

import pytest
import torch

from reference.joint_set import laid_down, rank_together, shares
from weldon.losses import FullSetAPLoss

SMALL = (14_001, 80)  # more cells than are gathered in one step
COCO = (82_783, 80)  # training images and classes of MS COCO 2014
LONG = pytest.mark.skipif("WELDON_LARGE" not in os.environ, reason="takes a minute; set WELDON_LARGE=1")
CASES = [(2, *SMALL), pytest.param((2, *COCO), marks=LONG), pytest.param((4, *COCO), marks=LONG)]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_processes_find_the_loss_and_the_coefficients_of_one_and_hold_the_scores_once(tmp_path, case):
    processes, images, classes = case
    alone = FullSetAPLoss()
    value = alone.fix(*laid_down(images, classes))
    found = rank_together(processes, images, classes, tmp_path)
    for rank, rows in zip(found, shares(images, processes), strict=True):
        torch.testing.assert_close(rank["value"], value, rtol=1e-6, atol=0)
        expected = alone.coefficients[rows] * processes
        torch.testing.assert_close(rank["coefficients"], expected, rtol=1e-5, atol=1e-12)
        assert expected.abs().max() > 0
        assert sorted(rank["made"]) == ["torch.float32", "torch.uint8"]  # scores and labels, once each
