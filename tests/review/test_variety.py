"""What is chosen is unsure, unlike what is labelled, and unlike the rest of the choice."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fixtures.cached_maps import made_up_maps
from weldon.review.variety import far_apart, pooled_features, uncertainty
from weldon.runs.calibration_file import probabilities


def by_hand(pool, centres, weight, count):
    """The same rule, every distance computed anew."""
    taken: list[int] = []
    while len(taken) < min(count, len(pool)):
        all_centres = [*centres, *(pool[place] for place in taken)]
        worth = [
            -1.0
            if place in taken
            else weight[place] * min((np.linalg.norm(row - c) for c in all_centres), default=1.0)
            for place, row in enumerate(pool)
        ]
        if max(worth) <= 0:
            break
        taken.append(int(np.argmax(worth)))
    return taken


@pytest.mark.parametrize("labelled", [0, 1, 7])
def test_the_choice_is_that_of_the_rule_written_out(labelled):
    random = np.random.default_rng(labelled)
    pool, centres, weight = random.random((30, 4)), random.random((labelled, 4)), random.random(30)
    picks = far_apart(pool, centres, weight, 12)
    assert [pick.place for pick in picks] == by_hand(pool, centres, weight, 12)


def test_of_copies_one_is_taken_and_no_more_than_there_are():
    pool = np.array([[1.0, 0.0]] * 5 + [[0.0, 1.0]] * 5)
    picks = far_apart(pool, np.array([[-1.0, 0.0]]), np.ones(10), 9)
    assert sorted(pick.place // 5 for pick in picks) == [0, 1]


def test_what_is_labelled_already_is_not_taken():
    pool = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert [p.place for p in far_apart(pool, pool[:1], np.ones(2), 2)] == [1]


def test_certain_images_are_not_taken_however_far():
    pool = np.array([[9.0], [1.0]])
    assert [p.place for p in far_apart(pool, np.zeros((1, 1)), np.array([0.0, 0.5]), 2)] == [1]


def test_each_pick_names_the_centre_it_is_nearest_to():
    pool = np.array([[5.0], [5.5], [-9.0]])
    picks = far_apart(pool, np.array([[0.0], [-1.0]]), np.ones(3), 3)
    assert [(p.place, p.distance, p.nearest) for p in picks] == [(2, 8.0, 1), (1, 5.5, 0), (0, 0.5, 3)]


def test_uncertainty_of_one_label_is_a_share_of_the_highest_entropy():
    scores = torch.tensor([[0.0, 0.0, 0.0], [99.0, 0.0, 0.0]])
    assert uncertainty(scores.softmax(1), "multiclass").tolist() == pytest.approx([1.0, 0.0])


@pytest.mark.parametrize("task", ["multilabel", "multiclass"])
def test_uncertainty_lies_between_0_and_1_even_for_runaway_scores(task):
    scores = torch.tensor([[1e9, -1e9], [0.3, -0.2], [0.0, 0.0]])
    values = uncertainty(probabilities(scores, task), task)
    assert values.isfinite().all()
    assert float(values.min()) >= 0
    assert float(values.max()) <= 1 + 1e-12


def test_pooled_features_are_means_over_real_cells_of_length_one():
    dataset = made_up_maps(3)
    dataset.cached.masks[0, 2:] = False
    found = pooled_features(dataset)
    mean = dataset.cached.maps[0, :2].astype(np.float32).mean((0, 1))
    np.testing.assert_allclose(found[0], mean / np.linalg.norm(mean), rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)
