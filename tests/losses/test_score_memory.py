"""What is remembered: the most recent images, as they were, and through a checkpoint."""

from __future__ import annotations

import pytest
import torch

from weldon.errors import UsageError
from weldon.losses.labelled_scores import LabelledScores
from weldon.losses.score_memory import ScoreMemory


def batch(*values: float, dtype: torch.dtype = torch.float32) -> LabelledScores:
    """A row an image; the label is 1 where the score is above zero."""
    scores = torch.tensor(values, dtype=dtype)[:, None]
    return LabelledScores(scores, (scores > 0).to(torch.uint8))


def recalled(memory: ScoreMemory, *values: float) -> list[float]:
    return memory.recall(batch(*values)).scores.flatten().tolist()


def test_an_empty_memory_adds_nothing():
    assert recalled(ScoreMemory(4), 1.0, 2.0) == [1.0, 2.0]


def test_the_oldest_images_go_first():
    memory = ScoreMemory(3)
    for values in ((1.0, 2.0), (3.0,), (4.0,)):
        memory.remember(batch(*values))
    assert recalled(memory, 9.0) == [9.0, 4.0, 3.0, 1.0]


def test_of_a_batch_that_is_larger_than_the_memory_the_first_images_stay():
    memory = ScoreMemory(2)
    memory.remember(batch(1.0, 2.0, 3.0))
    assert recalled(memory) == [1.0, 2.0]


def test_labels_stay_beside_their_scores():
    memory = ScoreMemory(2)
    memory.remember(batch(-1.0, 2.0))
    assert memory.recall(batch(3.0)).label.flatten().tolist() == [1, 0, 1]


def test_what_is_remembered_does_not_change_with_its_source():
    memory, source = ScoreMemory(2), batch(1.0, 2.0)
    memory.remember(source)
    source.scores.zero_()
    assert recalled(memory) == [1.0, 2.0]


def test_memories_take_the_precision_of_the_batch():
    memory = ScoreMemory(2)
    memory.remember(batch(1.0))
    found = memory.recall(batch(2.0, dtype=torch.float64))
    assert (found.scores.dtype, found.label.dtype) == (torch.float64, torch.uint8)


def test_a_checkpoint_holds_what_is_remembered_and_an_empty_one_empties():
    memory, resumed = ScoreMemory(3), ScoreMemory(3)
    empty = memory.state_dict()
    memory.remember(batch(1.0, -2.0))
    resumed.load_state_dict(memory.state_dict())
    assert recalled(resumed, 5.0) == [5.0, 1.0, -2.0]
    resumed.load_state_dict(empty)
    assert recalled(resumed, 5.0) == [5.0]


def test_to_forget_is_to_hold_nothing():
    memory = ScoreMemory(3)
    memory.remember(batch(1.0))
    memory.forget()
    assert recalled(memory, 5.0) == [5.0]


@pytest.mark.parametrize("size", [0, -1])
def test_a_memory_of_no_image_is_refused(size):
    with pytest.raises(UsageError, match=f"`size` must be at least 1 image, got {size}"):
        ScoreMemory(size)
