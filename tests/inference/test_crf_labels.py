"""Which labels take part."""

from __future__ import annotations

import pytest
import torch

from weldon.errors import UsageError
from weldon.inference.crf_labels import labels_in_play


@pytest.fixture
def logits():
    peaks = torch.tensor([[0.6, 0.3, 0.1], [0.9, 0.06, 0.04]])  # of two pictures of one pixel
    return peaks.log()[:, :, None, None]


def test_all_are_in_play_unless_asked(logits):
    assert labels_in_play(logits, labels=None, prune=None) is None


@pytest.mark.parametrize("labels", [[0, 2], torch.tensor([0, 2]), torch.tensor([True, False, True])])
def test_indices_and_flags_name_the_same_labels(logits, labels):
    play = labels_in_play(logits, labels=labels, prune=None)
    assert play.tolist() == [[True, False, True]] * 2


def test_every_picture_may_have_its_own_labels(logits):
    own = torch.tensor([[True, True, False], [False, False, True]])
    assert torch.equal(labels_in_play(logits, labels=own, prune=None), own)


def test_pruning_keeps_what_is_likely_somewhere(logits):
    play = labels_in_play(logits, labels=None, prune=0.2)
    assert play.tolist() == [[True, True, False], [True, False, False]]


def test_pruning_counts_shares_among_the_named_labels(logits):
    play = labels_in_play(logits, labels=[1, 2], prune=0.3)  # 3/4 and 1/4, 3/5 and 2/5
    assert play.tolist() == [[False, True, False], [False, True, True]]


def test_pruning_never_takes_the_last_label(logits):
    assert labels_in_play(logits, labels=None, prune=0.95).tolist() == [[True, False, False]] * 2


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([3], "labels must be indices from 0 to 2"),
        ([-1], "labels must be indices from 0 to 2"),
        ([0.5], "labels must be indices from 0 to 2"),
        ([], "at least one label in play"),
        (torch.tensor([True, False]), r"labels must be bool \(3,\) or \(2, 3\), got shape \(2,\)"),
        (torch.tensor([[True, False, True], [False, False, False]]), "at least one label in play"),
    ],
)
def test_labels_that_cannot_be_are_refused(logits, labels, message):
    with pytest.raises(UsageError, match=message):
        labels_in_play(logits, labels=labels, prune=None)
