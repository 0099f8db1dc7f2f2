"""Accuracies against a naive sort and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, recall_score, top_k_accuracy_score

from reference.metrics import right_at_k, top_class_present
from weldon.errors import UsageError
from weldon.metrics import class_mean, hit_at_one, per_class_accuracy, topk_accuracy


def drawn(generator, tied=False):
    scores = torch.randn(200, 6, generator=generator)
    return scores.round() if tied else scores, torch.randint(6, (200,), generator=generator)


@pytest.mark.parametrize("k", [1, 2, 5, 6])
@pytest.mark.parametrize("tied", [False, True])
def test_equals_the_naive_sort(generator, k, tied):
    scores, target = drawn(generator, tied)
    right = [right_at_k(s, t, k) for s, t in zip(scores.tolist(), target.tolist(), strict=True)]
    assert topk_accuracy(scores, target, k).item() == pytest.approx(np.mean(right))


@pytest.mark.parametrize("k", [1, 3])
def test_equals_scikit_learn(generator, k):
    scores, target = drawn(generator)
    assert topk_accuracy(scores, target, k).item() == pytest.approx(top_k_accuracy_score(target, scores, k=k))


def test_top_one_is_argmax_even_with_ties(generator):
    scores, target = drawn(generator, tied=True)
    assert topk_accuracy(scores, target).item() == pytest.approx(accuracy_score(target, scores.argmax(1)))


def test_per_class_accuracy_is_recall_of_argmax(generator):
    scores, target = drawn(generator, tied=True)
    expected = recall_score(target, scores.argmax(1), average=None)
    np.testing.assert_allclose(per_class_accuracy(scores, target), expected, rtol=1e-6)


def test_class_without_images_is_nan_and_left_out_of_the_mean():
    accuracy = per_class_accuracy(torch.eye(3)[:2], torch.tensor([0, 1]))
    assert accuracy.isnan().tolist() == [False, False, True]
    with pytest.warns(UserWarning, match="1 of 3 classes"):
        assert class_mean(accuracy).item() == 1.0


@pytest.mark.parametrize("tied", [False, True])
def test_hit_at_one_equals_the_naive_look_at_each_image(generator, tied):
    scores, _ = drawn(generator, tied)
    target, known = (torch.rand(scores.shape, generator=generator) < share for share in (0.3, 0.7))
    looked = [top_class_present(*rows) for rows in zip(scores.tolist(), target, known, strict=True)]
    expected = np.mean([hit for hit in looked if hit is not None])
    assert hit_at_one(scores, target.float(), known).item() == pytest.approx(expected)


def test_hit_at_one_is_accuracy_where_every_image_has_one_class(generator):
    scores, target = drawn(generator, tied=True)
    one_hot = torch.nn.functional.one_hot(target, 6)
    assert hit_at_one(scores, one_hot) == topk_accuracy(scores, target)


def test_hit_at_one_refuses_an_uncertain_label_that_is_not_masked():
    with pytest.raises(UsageError, match="mark unknown labels"):
        hit_at_one(torch.zeros(1, 2), torch.tensor([[1, -1]]))


def test_no_images_are_nan():
    assert topk_accuracy(torch.zeros(0, 3), torch.zeros(0, dtype=torch.long)).isnan()


@pytest.mark.parametrize(
    ("scores", "target", "k", "message"),
    [
        (
            torch.zeros(2, 3),
            torch.tensor([0, 1]),
            4,
            r"k must be from 1 to the number of classes \(3\), got 4",
        ),
        (torch.zeros(2, 3), torch.tensor([0, 1]), 0, "got 0"),
        (torch.zeros(2, 3), torch.tensor([0, 3]), 1, "target must be a class from 0 to 2, got 3"),
        (torch.zeros(2, 3), torch.tensor([0, -1]), 1, "got -1"),
        (torch.zeros(2, 3), torch.zeros(2, 3), 1, r"target must be long \(2,\), got torch.float32 \(2, 3\)"),
        (torch.full((1, 3), torch.nan), torch.tensor([0]), 1, "got NaN"),
    ],
)
def test_wrong_arguments_are_named(scores, target, k, message):
    with pytest.raises(UsageError, match=message):
        topk_accuracy(scores, target, k)
