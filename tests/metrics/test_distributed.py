"""Two processes with repeated images, and one that saw nothing, agree with one process."""

import pytest
import torch

from contracts.metrics import process, scored_set
from fixtures.forks import run_together
from weldon.metrics import average_precision, mean_iou, topk_accuracy


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path):
    run_together(process, [(rank, 2, str(tmp_path)) for rank in range(2)])
    scores, target, known, single, masks = scored_set()
    expected = [
        average_precision(scores, target, known),
        topk_accuracy(scores, single, 2),
        mean_iou(masks[0], masks[1], scores.shape[1]),
    ]
    for rank in range(2):
        for situation, computed in torch.load(tmp_path / f"{rank}.pt").items():
            torch.testing.assert_close(computed, expected, msg=lambda text, s=situation: f"{s}: {text}")
