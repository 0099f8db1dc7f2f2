"""Pointwise localisation against naive loops, hand-made cases and scikit-learn."""

import pytest
import torch
from sklearn.metrics import average_precision_score

from reference.metrics import average_precision as naive_ap
from reference.metrics import point_hit
from weldon.errors import UsageError
from weldon.metrics import AP_METHODS, average_precision, pointing_accuracy, pointwise_localisation

BOX = torch.tensor([[100.0, 100.0, 200.0, 200.0]])
CAT = torch.tensor([0])
LANDSCAPE = torch.tensor([[500, 400]])


def drawn(generator, count=40, classes=3):
    sizes = torch.randint(200, 900, (count, 2), generator=generator)
    points = torch.rand(count, classes, 2, generator=generator) * sizes[:, None]
    scores = torch.randn(count, classes, generator=generator).round(decimals=1)
    box_classes = [torch.randint(classes, (n % 4,), generator=generator) for n in range(count)]
    boxes = []
    for size, labels in zip(sizes, box_classes, strict=True):
        corners = torch.rand(len(labels), 2, 2, generator=generator) * size
        boxes.append(torch.cat([corners.amin(1), corners.amax(1)], 1))
    mask = torch.rand(count, classes, generator=generator).lt(0.8)
    arguments = {"points": points, "boxes": boxes, "box_classes": box_classes, "sizes": sizes, "mask": mask}
    return arguments, scores


def naive_hits(arguments, tolerance, reference_side):
    """Return for each (image, class): is it present, and is its point right?"""
    present, hits = [], []
    for points, boxes, labels, (width, height) in zip(
        arguments["points"].tolist(),
        arguments["boxes"],
        arguments["box_classes"],
        arguments["sizes"].tolist(),
        strict=True,
    ):
        margin = tolerance * (max(width, height) / reference_side if reference_side else 1)
        own = [boxes[labels == c].tolist() for c in range(len(points))]
        present.append([bool(b) for b in own])
        hits.append([point_hit(p, b, margin) for p, b in zip(points, own, strict=True)])
    return torch.tensor(present), torch.tensor(hits)


@pytest.mark.parametrize("method", AP_METHODS)
@pytest.mark.parametrize("reference_side", [500.0, None])
def test_equals_the_naive_loop(generator, method, reference_side):
    arguments, scores = drawn(generator)
    got = pointwise_localisation(scores=scores, **arguments, reference_side=reference_side, method=method)
    present, hits = naive_hits(arguments, 18.0, reference_side)
    for c in range(3):
        here = arguments["mask"][:, c]
        total = int(present[here, c].sum())
        expected = naive_ap(scores[here, c].tolist(), hits[here, c].tolist(), method=method, total=total)
        assert got[c].item() == pytest.approx(expected, abs=1e-6)


def test_is_scikit_learns_area_times_the_share_of_right_points(generator):
    arguments, scores = drawn(generator)
    del arguments["mask"]
    present, hits = naive_hits(arguments, 18.0, 500.0)
    got = pointwise_localisation(scores=scores, **arguments)
    for c in range(3):
        area = average_precision_score(hits[:, c], scores[:, c])
        assert got[c].item() == pytest.approx(area * hits[:, c].sum().item() / present[:, c].sum().item())


def test_with_every_point_right_it_is_average_precision(generator):
    arguments, scores = drawn(generator)
    present, _ = naive_hits(arguments, 0.0, None)
    for n, (boxes, labels) in enumerate(zip(arguments["boxes"], arguments["box_classes"], strict=True)):
        arguments["points"][n, labels] = (boxes[:, :2] + boxes[:, 2:]) / 2
    got = pointwise_localisation(scores=scores, **arguments)
    assert torch.equal(got, average_precision(scores, present, arguments["mask"]))


@pytest.mark.parametrize(
    ("x", "size", "right"),
    [
        (218.0, (500, 400), True),  # 18 of 500
        (218.5, (500, 400), False),
        (218.5, (400, 500), False),  # the long side counts, upright or not
        (236.0, (1000, 400), True),  # twice the size, twice the tolerance
        (236.5, (1000, 400), False),
        (207.5, (200, 200), False),  # 18 of 500 is 7.2 of 200
        (207.0, (200, 200), True),
    ],
)
def test_tolerance_is_18_pixels_of_a_500_pixel_image(x, size, right):
    got = pointwise_localisation(
        torch.tensor([[[x, 150.0]]]), torch.zeros(1, 1), [BOX], [CAT], sizes=torch.tensor([size])
    )
    assert got.item() == float(right)


def test_box_of_another_class_does_not_count():
    points = torch.tensor([[[150.0, 150.0], [400.0, 50.0]]])
    got = pointwise_localisation(points, torch.zeros(1, 2), [BOX], [torch.tensor([1])], sizes=LANDSCAPE)
    assert got.isnan().tolist() == [True, False]
    assert got[1] == 0.0


def test_any_of_several_boxes_is_right():
    boxes = torch.cat([BOX, BOX + 200])
    points = torch.tensor([[[350.0, 350.0]]])
    labels = torch.tensor([0, 0])
    assert pointing_accuracy(points, [boxes], [labels], sizes=LANDSCAPE).item() == 1.0


def test_wrong_point_lowers_both_precision_and_recall():
    # surest: wrong point; second: right point. Precision 1/2 at recall 1/2.
    points = torch.tensor([[[400.0, 300.0]], [[150.0, 150.0]]])
    got = pointwise_localisation(
        points, torch.tensor([[2.0], [1.0]]), [BOX] * 2, [CAT] * 2, sizes=LANDSCAPE.expand(2, 2)
    )
    assert got.item() == 0.25


def test_unknown_pairs_are_left_out():
    points = torch.tensor([[[400.0, 300.0]], [[150.0, 150.0]]])
    known = torch.tensor([[False], [True]])
    sizes = LANDSCAPE.expand(2, 2)
    scores = torch.tensor([[2.0], [1.0]])
    assert pointwise_localisation(points, scores, [BOX] * 2, [CAT] * 2, sizes=sizes, mask=known).item() == 1.0
    assert pointing_accuracy(points, [BOX] * 2, [CAT] * 2, sizes=sizes, mask=known).item() == 1.0


def test_pointing_accuracy_equals_the_naive_loop(generator):
    arguments, _ = drawn(generator)
    for tolerance in (0.0, 18.0):
        present, hits = naive_hits(arguments, tolerance, 500.0)
        pairs = present & arguments["mask"]
        got = pointing_accuracy(**arguments, tolerance=tolerance)
        assert got.item() == pytest.approx(hits[pairs].float().mean().item())


def test_no_pairs_are_nan():
    empty = [torch.empty(0, 4)], [torch.empty(0, dtype=torch.long)]
    assert pointing_accuracy(torch.zeros(1, 2, 2), *empty, sizes=LANDSCAPE).isnan()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points": torch.zeros(1, 2)}, r"points must be \(N, C, 2\), got \(1, 2\)"),
        ({"boxes": []}, "one entry for each of 1 images, got 0 and 1"),
        ({"boxes": [torch.zeros(2, 4)]}, r"boxes of image 0 must be \(1, 4\), got \(2, 4\)"),
        ({"box_classes": [torch.tensor([1])]}, r"box_classes of image 0 must be from 0 to 0, got \[1\]"),
        ({"sizes": torch.zeros(2, 2)}, r"sizes must be \(1, 2\), got \(2, 2\)"),
    ],
)
def test_wrong_arguments_are_named(change, message):
    arguments = {"points": torch.zeros(1, 1, 2), "boxes": [BOX], "box_classes": [CAT], "sizes": LANDSCAPE}
    with pytest.raises(UsageError, match=message):
        pointing_accuracy(**{**arguments, **change})
