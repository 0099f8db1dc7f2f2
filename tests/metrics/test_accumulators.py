"""Every accumulator inherits the contract and equals its function on the whole set."""

import subprocess
import sys

import pytest
import torch

from contracts.metrics import AccumulatorContract, scored_set
from weldon import metrics
from weldon.errors import UsageError

SCORES, TARGET, KNOWN, SINGLE, MASKS = scored_set()
PARTS = (slice(0, 16), slice(16, 32), slice(32, 37))  # an uneven last batch


class TestLabelRows(AccumulatorContract):
    def accumulator(self):
        return Flat(4)

    def batches(self):
        return [{"scores": SCORES[p], "target": TARGET[p], "mask": KNOWN[p]} for p in PARTS]

    def expected(self):
        return torch.cat([SCORES, (TARGET == 1) & KNOWN, KNOWN], 1).sum(0)


class Flat(metrics.LabelRows):
    """The rows as one tensor, to compare."""

    def compute(self):
        return torch.cat(super().compute(), 1).sum(0)


class TestAveragePrecision(AccumulatorContract):
    def accumulator(self):
        return metrics.AveragePrecision(4, method="voc10")

    def batches(self):
        return [{"scores": SCORES[p], "target": TARGET[p], "mask": KNOWN[p]} for p in PARTS]

    def expected(self):
        return metrics.average_precision(SCORES, TARGET, KNOWN, method="voc10")

    def test_batches_on_either_side_of_one_are_ranked_on_one_scale(self):
        # torchmetrics would take a sigmoid of the first batch only
        metric = metrics.AveragePrecision(1)
        metric.update(torch.tensor([[3.0]]), torch.tensor([[1]]))
        metric.update(torch.tensor([[0.99]]), torch.tensor([[0]]))
        assert metric.compute().item() == 1.0

    def test_unknown_labels_may_hold_anything(self):
        metric = metrics.AveragePrecision(1)
        metric.update(torch.zeros(2, 1), torch.tensor([[1.0], [torch.nan]]), torch.tensor([[True], [False]]))
        assert metric.compute().item() == 1.0

    def test_a_label_that_is_neither_is_refused(self):
        with pytest.raises(UsageError, match="target must be 0 or 1 where known"):
            metrics.AveragePrecision(1).update(torch.zeros(1, 1), torch.tensor([[-1]]))

    def test_wrong_width_is_refused(self):
        with pytest.raises(UsageError, match=r"scores must be \(2, 4\), got \(2, 3\)"):
            metrics.AveragePrecision(4).update(torch.zeros(2, 3), torch.zeros(2, 3))


class TestTopKAccuracy(AccumulatorContract):
    def accumulator(self):
        return metrics.TopKAccuracy(4, k=2)

    def batches(self):
        return [{"scores": SCORES[p], "target": SINGLE[p]} for p in PARTS]

    def expected(self):
        return metrics.topk_accuracy(SCORES, SINGLE, 2)


def placed():
    """Return points, boxes, their classes and sizes for the scored set."""
    generator = torch.Generator().manual_seed(4)
    points = torch.rand(37, 4, 2, generator=generator) * 300
    classes = [torch.randint(4, (n % 3,), generator=generator) for n in range(37)]
    boxes = [torch.tensor([[50.0, 50.0, 250.0, 200.0]]).repeat(len(c), 1) for c in classes]
    return points, boxes, classes, torch.tensor([[300, 300]]).repeat(37, 1)


POINTS, BOXES, BOX_CLASSES, SIZES = placed()


class TestPointwiseLocalisation(AccumulatorContract):
    def accumulator(self):
        return metrics.PointwiseLocalisation(4, tolerance=10)

    def batches(self):
        names = "points", "scores", "boxes", "box_classes", "sizes", "mask"
        values = POINTS, SCORES, BOXES, BOX_CLASSES, SIZES, KNOWN
        return [dict(zip(names, [value[p] for value in values], strict=True)) for p in PARTS]

    def expected(self):
        return metrics.pointwise_localisation(
            POINTS, SCORES, BOXES, BOX_CLASSES, sizes=SIZES, mask=KNOWN, tolerance=10
        )


class TestPointingAccuracy(TestPointwiseLocalisation):
    def accumulator(self):
        return metrics.PointingAccuracy(4)

    def expected(self):
        return metrics.pointing_accuracy(POINTS, BOXES, BOX_CLASSES, sizes=SIZES, mask=KNOWN)


class TestConfusionMatrix(AccumulatorContract):
    def accumulator(self):
        return metrics.ConfusionMatrix(4)

    def batches(self):
        return [{"predictions": MASKS[0, p], "targets": MASKS[1, p]} for p in PARTS]

    def expected(self):
        return metrics.confusion_matrix(MASKS[0], MASKS[1], 4)


class TestMeanIoU(TestConfusionMatrix):
    def accumulator(self):
        return metrics.MeanIoU(4)

    def expected(self):
        return metrics.mean_iou(MASKS[0], MASKS[1], 4)


def test_every_public_name_is_there():
    for name in metrics.__all__:
        assert getattr(metrics, name) is not None
    assert dir(metrics) == sorted(metrics.__all__)


@pytest.mark.slow
def test_functions_load_no_torchmetrics_and_no_matplotlib():
    code = (
        "import sys, weldon.metrics; sys.exit(any(m in sys.modules for m in ('torchmetrics', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
