"""IoU against pycocotools, MaxBoxAccV2 against naive loops."""

import numpy as np
import pytest
import torch

from reference.metrics import box_iou as naive_iou
from reference.metrics import max_box_accuracy as naive_max_box_accuracy
from weldon.errors import UsageError
from weldon.metrics import (
    IOU_LEVELS,
    best_overlaps,
    box_accuracy,
    box_accuracy_curve,
    box_iou,
    max_box_accuracy,
    tune_box_thresholds,
)


def drawn(generator, count):
    corners = (torch.rand(count, 2, 2, generator=generator) * 20).round(decimals=1)
    return torch.cat([corners.amin(1), corners.amax(1)], 1)


def test_iou_equals_the_naive_loop(generator):
    a, b = drawn(generator, 9), drawn(generator, 7)
    expected = [[naive_iou(x, y) for y in b.tolist()] for x in a.tolist()]
    torch.testing.assert_close(box_iou(a, b), torch.tensor(expected))


def test_iou_equals_pycocotools(generator):
    coco = pytest.importorskip("pycocotools.mask")
    a, b = drawn(generator, 30), drawn(generator, 20)
    wide = [torch.cat([x[:, :2], x[:, 2:] - x[:, :2]], 1).double().numpy() for x in (a, b)]
    np.testing.assert_allclose(box_iou(a, b), coco.iou(*wide, [0] * len(b)), atol=1e-6)


def test_boxes_without_area_overlap_nothing():
    point = torch.tensor([[3.0, 3.0, 3.0, 3.0]])
    assert box_iou(point, point).item() == 0.0


def test_overlap_is_the_best_of_any_box_with_any_true_box(generator):
    predicted = [drawn(generator, count) for count in (3, 1, 0)]
    truth = drawn(generator, 2)
    got = best_overlaps(predicted, truth)
    expected = [
        max((naive_iou(p, t) for p in boxes.tolist() for t in truth.tolist()), default=0)
        for boxes in predicted
    ]
    torch.testing.assert_close(got, torch.tensor(expected).float())


def test_equals_the_naive_loop(generator):
    tuning, testing = torch.rand(15, 9, generator=generator), torch.rand(40, 9, generator=generator)
    got = max_box_accuracy(testing, tune_box_thresholds(tuning))
    expected = naive_max_box_accuracy(tuning.tolist(), testing.tolist(), IOU_LEVELS)
    assert got.item() == pytest.approx(expected)


def test_tuned_on_the_test_pairs_it_is_the_highest_point_of_each_curve(generator):
    overlaps = torch.rand(40, 9, generator=generator)
    oracle = box_accuracy(overlaps, tune_box_thresholds(overlaps))
    assert torch.equal(oracle, box_accuracy_curve(overlaps).amax(1))


def test_an_overlap_equal_to_the_level_is_right():
    # 3, 5 and 7 of ten
    truth = torch.tensor([[0.0, 0.0, 10.0, 1.0]])
    predicted = [torch.tensor([[0.0, 0.0, width, 1.0]]) for width in (3.0, 5.0, 7.0)]
    curve = box_accuracy_curve(best_overlaps(predicted, truth)[None])
    assert curve.tolist() == [[1.0, 1.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]


def test_shared_threshold_is_one_for_all_levels():
    # the first threshold is best at 0.3 only, the second at 0.5 and 0.7
    overlaps = torch.tensor([[0.4, 0.9], [0.4, 0.1]])
    assert tune_box_thresholds(overlaps).tolist() == [0, 1, 1]
    assert tune_box_thresholds(overlaps, shared=True).tolist() == [1, 1, 1]


def test_middle_of_equally_good_thresholds_is_taken():
    overlaps = torch.tensor([[0.0, 0.8, 0.8, 0.8, 0.0]])
    assert tune_box_thresholds(overlaps).tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: box_iou(torch.zeros(4), torch.zeros(1, 4)), r"a must be boxes \(N, 4\), got \(4,\)"),
        (lambda: best_overlaps([torch.zeros(1, 4)], torch.zeros(0, 4)), "truth must have at least one box"),
        (lambda: tune_box_thresholds(torch.zeros(0, 3)), "at least one pair to tune on"),
        (lambda: tune_box_thresholds(torch.zeros(3)), r"overlaps must be \(P, T\), got \(3,\)"),
        (lambda: max_box_accuracy(torch.zeros(2, 3), torch.tensor([0])), r"chosen must be \(3,\)"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(UsageError, match=message):
        call()
