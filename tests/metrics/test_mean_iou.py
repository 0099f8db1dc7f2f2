"""Mean IoU over the set against a pixel loop and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix as sklearn_confusion
from sklearn.metrics import jaccard_score

from reference.metrics import class_iou as naive
from weldon.errors import UsageError
from weldon.metrics import class_iou, confusion_matrix, mean_iou
from weldon.metrics.mean_iou import present_miou


def drawn(generator, classes=4):
    shapes = [(5, 7), (3, 3), (8, 2)]
    targets = [torch.randint(classes, shape, generator=generator) for shape in shapes]
    predictions = [torch.randint(classes, shape, generator=generator) for shape in shapes]
    targets[0][0] = 255
    return predictions, targets


def whole(predictions, targets, classes):
    return sum(confusion_matrix(p, t, classes) for p, t in zip(predictions, targets, strict=True))


def test_equals_the_naive_loop(generator):
    predictions, targets = drawn(generator)
    expected = naive(predictions, targets, 4)
    torch.testing.assert_close(class_iou(whole(predictions, targets, 4)), torch.tensor(expected))
    assert mean_iou(predictions, targets, 4).item() == pytest.approx(np.mean(expected))


def test_equals_scikit_learn(generator):
    predictions, targets = drawn(generator)
    truth, guess = (torch.cat([m.flatten() for m in masks]) for masks in (targets, predictions))
    truth, guess = truth[truth != 255], guess[truth != 255]
    confusion = whole(predictions, targets, 4)
    np.testing.assert_array_equal(confusion, sklearn_confusion(truth, guess))
    assert mean_iou(predictions, targets, 4).item() == pytest.approx(
        jaccard_score(truth, guess, average="macro")
    )


def test_it_is_not_the_mean_over_images():
    # class 1: 1 of 1 pixels in the small image, 0 of 9 in the large one
    predictions = [torch.tensor([[1]]), torch.zeros(3, 3, dtype=torch.long)]
    targets = [torch.tensor([[1]]), torch.ones(3, 3, dtype=torch.long)]
    confusion = whole(predictions, targets, 2)
    assert class_iou(confusion)[1].item() == pytest.approx(1 / 10)


def test_void_pixels_count_nowhere_whatever_is_predicted():
    prediction, target = torch.tensor([[0, 99]]), torch.tensor([[0, 255]])
    assert confusion_matrix(prediction, target, 2).tolist() == [[1, 0], [0, 0]]


def test_class_in_neither_is_nan_and_left_out_of_the_mean():
    prediction, target = torch.tensor([[0, 1]]), torch.tensor([[0, 0]])
    ious = class_iou(confusion_matrix(prediction, target, 3))
    assert ious.isnan().tolist() == [False, False, True]
    with pytest.warns(UserWarning, match="1 of 3 classes"):
        assert mean_iou([prediction], [target], 3).item() == pytest.approx(0.25)  # (1/2 + 0) / 2


def test_uint8_masks_do_not_overflow():
    target = torch.full((4,), 20, dtype=torch.uint8)
    assert confusion_matrix(target, target, 21)[20, 20].item() == 4


@pytest.mark.parametrize(
    ("prediction", "target", "message"),
    [
        (torch.tensor([0, 2]), torch.tensor([0, 1]), "prediction must be from 0 to 1, got 2"),
        (torch.tensor([0, 1]), torch.tensor([0, 7]), "target must be from 0 to 1, got 7"),
        (torch.tensor([0]), torch.tensor([0, 1]), r"prediction must be \(2,\) like target, got \(1,\)"),
    ],
)
def test_wrong_arguments_are_named(prediction, target, message):
    with pytest.raises(UsageError, match=message):
        confusion_matrix(prediction, target, 2)


def test_the_mean_is_over_the_labels_in_the_truth():
    assert float(present_miou(torch.tensor([[3, 1], [0, 0]]))) == 0.75
