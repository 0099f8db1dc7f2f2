"""A set is scored batch by batch: every row beside its labels, and one scale for all its maps."""

from __future__ import annotations

import pytest
import torch

from weldon.models import create_bag_model
from weldon.training.scoring import (
    ScoredSet,
    fit_thresholds,
    per_class_rows,
    score_batches,
    score_set,
)


@pytest.fixture
def net():
    """Scores a bag by its highest instance: one feature, weight 2."""
    net = create_bag_model(1, 1, k_max=1, k_min=0)
    with torch.no_grad():
        net.transfer.weight.fill_(2.0)
    return net.train()


def batch(values: list[list[float]], index: list[int], **options) -> dict:
    bag = torch.tensor(values)[:, None]  # (N, 1, R)
    count = len(values)
    return {
        "bag": bag,
        "mask": torch.ones(count, bag.shape[2], dtype=torch.bool),
        "target": torch.tensor(index).float()[:, None] % 2,
        "known": torch.ones(count, 1, dtype=torch.bool),
        "index": torch.tensor(index),
        **options,
    }


def test_scores_by_hand_stay_beside_their_labels(net):
    found = score_set(net, [batch([[1.0, -3.0], [0.5, 0.25]], [4, 1]), batch([[-1.0, -2.0]], [3])])
    assert found.scores.tolist() == [[2.0], [1.0], [-2.0]]
    assert found.target.tolist() == [[0.0], [1.0], [1.0]]
    assert found.index.tolist() == [4, 1, 3]
    assert found.known.all()


def test_padding_has_no_score(net):
    mask = torch.tensor([[True, False]])
    assert score_set(net, [batch([[-1.0, 9.0]], [0], mask=mask)]).scores.tolist() == [[-2.0]]


def test_the_scale_of_pictures_is_the_size_that_few_regions_exceed(net):
    values = [[-1.0] * 999 + [100.0]]
    assert score_set(net, [batch(values, [0])]).map_scale == 2.0
    halves = [[-1.0] * 50 + [3.0] * 50]
    assert score_set(net, [batch(halves, [0])]).map_scale == 6.0


def test_the_network_is_in_evaluation_mode_and_keeps_no_graph(net):
    found = score_set(net, [batch([[1.0]], [0])])
    assert not net.training
    assert not found.scores.requires_grad


def test_half_precision_scores_come_back_in_single(net):
    half = {"bag": torch.ones(1, 1, 2).half()}
    assert score_set(net.half(), [batch([[1.0, 1.0]], [0]) | half]).scores.dtype == torch.float32


CLASSES = ("cat", "dog")


def scored(scores, target, known=None) -> ScoredSet:
    scores, target = torch.tensor(scores), torch.tensor(target)
    known = torch.ones_like(target, dtype=torch.bool) if known is None else torch.tensor(known)
    return ScoredSet(scores, target, known, torch.arange(len(scores)), 2.5)


def test_a_threshold_lies_between_the_images_with_the_class_and_those_without():
    apart = scored(
        [[score, -score] for score in (5.0, 4.0, 3.0, 2.0, 1.0, -3.0)], [[1.0, 0.0]] * 5 + [[0.0, 1.0]]
    )
    found = fit_thresholds(apart, CLASSES)
    assert found.classes["cat"] == -1.0  # midway between 1 and -3
    assert found.map_scale == 2.5


def test_figures_of_a_class_by_hand():
    # cat: ranked 1 0 1 0, AP (1 + 2/3) / 2; three are chosen, two of them rightly
    # dog: the second image is not known; of the others 1, 0 and -1 are the scores, with, without and with
    found = per_class_rows(
        scored(
            [[3.0, 1.0], [2.0, 1.0], [1.0, -1.0], [0.0, 0.0]],
            [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0]],
            [[True, True], [True, False], [True, True], [True, True]],
        ),
        CLASSES,
        {"cat": 0.5, "dog": 0.0},
    )
    cat, dog = found
    assert cat == pytest.approx(
        {"class": "cat", "positives": 2, "unknown": 0, "ap": 5 / 6, "threshold": 0.5}
        | {"precision": 2 / 3, "recall": 1.0, "f1": 0.8}
    )
    assert dog == pytest.approx(
        {"class": "dog", "positives": 2, "unknown": 1, "ap": 5 / 6, "threshold": 0.0}
        | {"precision": 0.5, "recall": 0.5, "f1": 0.5}
    )


def test_nothing_chosen_and_nothing_to_choose_is_zero_not_an_error():
    rows = per_class_rows(
        scored([[0.0, 0.0, 9.0]], [[1.0, 0.0, 0.0]]),
        ("missed", "absent", "false alarm"),
        {"missed": 1.0, "absent": 1.0, "false alarm": 1.0},
    )
    for row in rows:
        assert [row[figure] for figure in ("precision", "recall", "f1")] == [0.0, 0.0, 0.0]


def test_batches_of_which_no_file_could_be_read_are_passed_over(net):
    empty = {name: part[:0] for name, part in batch([[1.0]], [0]).items()}
    scored = list(score_batches(net, [empty, batch([[1.0, -3.0]], [4])]))
    assert [(one["index"].tolist(), scores.tolist()) for one, (scores, _) in scored] == [([4], [[2.0]])]


def test_another_way_to_score_sees_the_network_and_the_batch(net):
    (found,) = score_batches(net, [batch([[1.0, -3.0]], [4])], lambda net, batch: (batch["bag"].sum(2),))
    assert found[1][0].tolist() == [[-2.0]]
    assert not net.training
