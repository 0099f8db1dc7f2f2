"""Thresholds against a search over every cut, and their manners with few positives."""

import math

import pytest
import torch
from sklearn.metrics import f1_score

from reference.metrics import best_f1
from weldon.errors import UsageError
from weldon.metrics import best_f1_threshold


def drawn(generator, levels=1):
    target = torch.rand(60, 4, generator=generator).lt(0.3)
    scores = torch.randn(60, 4, generator=generator) * 3 + 2 * target
    return (scores * levels).round() / levels if levels > 1 else scores, target


@pytest.mark.parametrize("levels", [1, 2])
def test_equals_the_search_over_every_cut(generator, levels):
    scores, target = drawn(generator, levels)
    got = best_f1_threshold(scores, target, min_positives=1)
    for c in range(4):
        f1, threshold = best_f1(scores[:, c].tolist(), target[:, c].tolist())
        assert got[c].item() == pytest.approx(threshold)
        assert f1_score(target[:, c], scores[:, c] >= got[c]) == pytest.approx(f1)


def test_separable_class_is_cut_midway():
    scores = torch.tensor([[9.0], [5.0], [1.0], [-4.0]])
    assert best_f1_threshold(scores, torch.tensor([[1], [1], [0], [0]]), min_positives=1).item() == 3.0


def test_class_of_every_image_takes_the_lowest_score():
    assert best_f1_threshold(torch.tensor([[3.0], [1.0]]), torch.ones(2, 1), min_positives=1).item() == 1.0


def test_of_equal_cuts_the_one_with_fewest_claims_is_taken():
    # 1 of 1 found of 2 (F1 2/3) at the top, 2 of 4 (F1 2/3) at the bottom
    scores, target = torch.tensor([[4.0], [3.0], [2.0], [1.0]]), torch.tensor([[1], [0], [0], [1]])
    assert best_f1_threshold(scores, target, min_positives=1).item() == 3.5


def test_rare_class_takes_the_shared_threshold(generator):
    scores, target = drawn(generator)
    target[:, 3] = False
    target[:4, 3] = True
    got = best_f1_threshold(scores, target)
    _, shared = best_f1(scores.flatten().tolist(), target.flatten().tolist())
    assert got[3].item() == pytest.approx(shared)
    assert got[0] == best_f1_threshold(scores, target, min_positives=1)[0]


def test_no_positive_anywhere_gives_zero():
    assert best_f1_threshold(torch.tensor([[3.0, 1.0]]), torch.zeros(1, 2)).tolist() == [0.0, 0.0]


def test_unknown_cells_are_left_out(generator):
    scores, target = drawn(generator)
    known = torch.rand(scores.shape, generator=generator).lt(0.6)
    got = best_f1_threshold(scores, target, known, min_positives=1)
    here = known[:, 1]
    assert got[1] == best_f1_threshold(scores[here, 1:2], target[here, 1:2], min_positives=1)[0]


def test_neighbouring_floats_are_still_told_apart():
    low = torch.tensor(1.0)
    high = torch.nextafter(low, torch.tensor(2.0))
    scores = torch.stack([high, low])[:, None]
    threshold = best_f1_threshold(scores, torch.tensor([[1], [0]]), min_positives=1)
    assert (scores[:, 0] >= threshold).tolist() == [True, False]


def test_infinite_scores_leave_a_finite_threshold():
    scores = torch.tensor([[2.0], [-math.inf]])
    assert best_f1_threshold(scores, torch.tensor([[1], [0]]), min_positives=1).item() == 2.0


def test_min_positives_below_one_is_refused():
    with pytest.raises(UsageError, match="min_positives must be at least 1, got 0"):
        best_f1_threshold(torch.zeros(1, 1), torch.zeros(1, 1), min_positives=0)
