"""Counts at every distinct score, and the refusals that all measures share."""

from __future__ import annotations

import math

import pytest
import torch

from weldon.errors import UsageError
from weldon.metrics.ranking import known_columns, rank_by_score

SCORES = torch.tensor([[3.0, 0.0], [1.0, 5.0], [3.0, -1.0]])
TARGET = torch.tensor([[1, 0], [0, 1], [0, 1]])


def test_images_of_one_score_enter_together():
    found = rank_by_score(torch.tensor([1.0, 3.0, 2.0, 3.0, 2.0]), torch.tensor([1, 1, 0, 0, 1]) > 0)
    assert found.thresholds.tolist() == [3.0, 2.0, 1.0]
    assert found.predicted.tolist() == [2, 4, 5]
    assert found.correct.tolist() == [1, 2, 3]


def test_the_order_in_memory_cannot_matter():
    scores, positive = torch.randint(4, (30,)).float(), torch.rand(30) < 0.5
    order = torch.randperm(30)
    found, other = rank_by_score(scores, positive), rank_by_score(scores[order], positive[order])
    assert all(torch.equal(one, two) for one, two in zip(found, other, strict=True))


def test_infinite_scores_are_ranked_and_no_score_is_no_threshold():
    found = rank_by_score(torch.tensor([-math.inf, 0.0, math.inf]), torch.tensor([True, False, True]))
    assert found.thresholds.tolist() == [math.inf, 0.0, -math.inf]
    assert found.correct.tolist() == [1, 1, 2]
    assert [len(part) for part in rank_by_score(torch.zeros(0), torch.zeros(0) > 0)] == [0, 0, 0]


def test_columns_lose_what_is_not_known():
    known = torch.tensor([[True, True], [False, True], [True, True]])
    (first, positive), (second, _) = known_columns(SCORES, TARGET, known)
    assert (first.tolist(), positive.tolist()) == ([3.0, 3.0], [True, False])
    assert second.tolist() == [0.0, 5.0, -1.0]


def test_an_unknown_cell_may_hold_anything():
    target = TARGET.float()
    target[1, 0] = math.nan
    known = torch.tensor([[True, True], [False, True], [True, True]])
    assert [len(scores) for scores, _ in known_columns(SCORES, target, known)] == [2, 3]


@pytest.mark.parametrize(
    ("scores", "target", "mask", "words"),
    [
        (SCORES[0], TARGET, None, r"float tensor \(N, C\), got torch.float32 \(2,\)"),
        (SCORES.long(), TARGET, None, "float tensor .* got torch.int64"),
        (SCORES.where(SCORES != 5, math.nan), TARGET, None, "got NaN for image 1, class 1"),
        (SCORES, TARGET[:2], None, r"target must be \(3, 2\) like scores, got \(2, 2\)"),
        (SCORES, TARGET.where(SCORES != -1, -1), None, "got -1 for image 2, class 1: mark unknown"),
        (SCORES, TARGET, TARGET, r"mask must be bool \(3, 2\), got torch.int64"),
    ],
)
def test_what_cannot_be_ranked_is_named_by_image_and_class(scores, target, mask, words):
    with pytest.raises(UsageError, match=words):
        list(known_columns(scores, target, mask))
