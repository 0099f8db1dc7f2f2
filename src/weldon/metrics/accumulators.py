"""Accumulate the functions of this package over batches and processes, each image counted once.

Each is a torchmetrics ``Metric``: ``update`` with every batch, ``compute`` at the end, ``reset``. Its
arithmetic is in the function of the same words. Scores are kept in float32, which holds bfloat16 and float16
exactly.

Kept apart from the functions because torchmetrics loads matplotlib and scipy, which a prediction does not
need.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.metrics.accuracy import check_k, target_rank
from weldon.metrics.average_precision import average_precision
from weldon.metrics.class_mean import class_mean
from weldon.metrics.mean_iou import class_iou, confusion_matrix
from weldon.metrics.pointwise import classes_present, localised_precision, point_hits, share_of_hits
from weldon.metrics.row_metric import RowMetric, checked_index
from weldon.void import VOID

# Flags travel as uint8: not every backend gathers bool.
FLAG = torch.uint8


class LabelRows(RowMetric):
    """Scores and labels of every image, for whatever is computed from all of them at the end.

    Args:
        num_classes: C.
    """

    def __init__(self, num_classes: int) -> None:
        row = (num_classes,)
        super().__init__(scores=(row, torch.float32), target=(row, FLAG), known=(row, FLAG))

    def update(
        self, scores: Tensor, target: Tensor, mask: Tensor | None = None, index: Tensor | None = None
    ) -> None:
        """Keep a batch; ``index`` ``(n,)`` is the image's number in its set, by which repeats are dropped."""
        known = torch.ones_like(target, dtype=torch.bool) if mask is None else mask
        if (known & (target != 0) & (target != 1)).any():
            raise UsageError("target must be 0 or 1 where known: mark unknown labels False in mask")
        self.append_rows(index, scores=scores, target=(target == 1) & known, known=known)

    def compute(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return scores, target and mask ``(N, C)`` of all images of all processes."""
        rows = self.distinct_rows()
        return rows["scores"], rows["target"], rows["known"].bool()


class AveragePrecision(LabelRows):
    """Accumulate :func:`average_precision`; ``compute()`` is ``(C,)``.

    Args:
        num_classes: C.
        method: ``"area"``, ``"voc07"`` or ``"voc10"``.
    """

    def __init__(self, num_classes: int, *, method: str = "area") -> None:
        super().__init__(num_classes)
        self.method = method

    def compute(self) -> Tensor:  # type: ignore[override]
        """Return the average precision of each class ``(C,)``, NaN without known positives."""
        return average_precision(*super().compute(), method=self.method)


class TopKAccuracy(RowMetric):
    """Accumulate :func:`topk_accuracy`; ``compute()`` is a scalar.

    Args:
        num_classes: C.
        k: an image is right if its class is among the ``k`` highest scores.
    """

    def __init__(self, num_classes: int, *, k: int = 1) -> None:
        check_k(k, num_classes)
        super().__init__(right=((), FLAG), target=((), torch.long))
        self.num_classes, self.k = num_classes, k

    def update(self, scores: Tensor, target: Tensor, index: Tensor | None = None) -> None:
        """Keep a batch; ``index`` ``(n,)`` is the image's number in its set, by which repeats are dropped."""
        if scores.shape[1:] != (self.num_classes,):
            raise UsageError(f"scores must be (N, {self.num_classes}), got {tuple(scores.shape)}")
        self.append_rows(index, right=target_rank(scores, target) < self.k, target=target)

    def compute(self) -> Tensor:
        """Return the share of right images; NaN without images."""
        return self.distinct_rows()["right"].float().mean()


class PointwiseLocalisation(RowMetric):
    """Accumulate :func:`pointwise_localisation`; ``compute()`` is ``(C,)``.

    Args:
        num_classes: C.
        tolerance: pixels by which a box is grown, on an image whose long side is ``reference_side``.
        reference_side: None: the tolerance is in pixels of the image itself.
        method: ``"area"``, ``"voc07"`` or ``"voc10"``.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        tolerance: float = 18.0,
        reference_side: float | None = 500.0,
        method: str = "area",
    ) -> None:
        row = (num_classes,)
        super().__init__(
            scores=(row, torch.float32), hits=(row, FLAG), present=(row, FLAG), known=(row, FLAG)
        )
        self.tolerance, self.reference_side, self.method = tolerance, reference_side, method

    def update(
        self,
        points: Tensor,
        scores: Tensor,
        boxes: Sequence[Tensor],
        box_classes: Sequence[Tensor],
        *,
        sizes: Tensor,
        mask: Tensor | None = None,
        index: Tensor | None = None,
    ) -> None:
        """Keep a batch; ``index`` ``(n,)`` is the image's number in its set, by which repeats are dropped."""
        hits = point_hits(
            points, boxes, box_classes, sizes, tolerance=self.tolerance, reference_side=self.reference_side
        )
        present = classes_present(box_classes, points.shape[1])
        known = torch.ones_like(hits) if mask is None else mask
        self.append_rows(index, scores=scores, hits=hits, present=present, known=known)

    def compute(self) -> Tensor:
        """Return the localised average precision of each class ``(C,)``, NaN for a class without boxes."""
        rows = self.distinct_rows()
        flags = (rows[name].bool() for name in ("hits", "present", "known"))
        return localised_precision(rows["scores"], *flags, method=self.method)


class PointingAccuracy(PointwiseLocalisation):
    """Accumulate :func:`pointing_accuracy`; ``compute()`` is a scalar.

    Args:
        num_classes: C.
        tolerance: as in :class:`PointwiseLocalisation`, none unless asked for.
        reference_side: as there.
    """

    def __init__(
        self, num_classes: int, *, tolerance: float = 0.0, reference_side: float | None = 500.0
    ) -> None:
        super().__init__(num_classes, tolerance=tolerance, reference_side=reference_side)

    def compute(self) -> Tensor:
        """Return the share of (image, present class) pairs whose point lies in a box; NaN without pairs."""
        rows = self.distinct_rows()
        return share_of_hits(*(rows[name].bool() for name in ("hits", "present", "known")))


class ConfusionMatrix(RowMetric):
    """Accumulate :func:`confusion_matrix`; ``compute()`` is ``(C, C)``, truth in rows.

    An image's matrix is nearly empty, so a row here is one of its filled cells.

    Args:
        num_classes: C, background included.
        ignore_index: target value that counts nowhere.
    """

    def __init__(self, num_classes: int, *, ignore_index: int = VOID) -> None:
        super().__init__(cell=((), torch.long), count=((), torch.long))
        self.num_classes, self.ignore_index = num_classes, ignore_index

    def update(
        self,
        predictions: Sequence[Tensor] | Tensor,
        targets: Sequence[Tensor] | Tensor,
        index: Tensor | None = None,
    ) -> None:
        """Keep a batch of masks; ``index`` ``(n,)`` is the image's number in its set."""
        index = None if index is None else checked_index(index, len(targets))
        for n, (prediction, target) in enumerate(zip(predictions, targets, strict=True)):
            confusion = confusion_matrix(
                prediction, target, self.num_classes, ignore_index=self.ignore_index
            ).flatten()
            cell = confusion.nonzero().squeeze(1)
            # A repeated image repeats its cells: image and cell together are the row's number.
            number = None if index is None else index[n].to(cell) * len(confusion) + cell
            self.append_rows(number, cell=cell, count=confusion[cell])

    def compute(self) -> Tensor:
        """Return the pixels ``(C, C)`` by true class (row) and predicted class (column)."""
        rows = self.distinct_rows()
        total = torch.zeros(self.num_classes**2, dtype=torch.long, device=rows["cell"].device)
        return total.index_add(0, rows["cell"], rows["count"]).reshape(self.num_classes, self.num_classes)


class MeanIoU(ConfusionMatrix):
    """Accumulate :func:`mean_iou`; ``compute()`` is a scalar.

    For each class's IoU keep a :class:`ConfusionMatrix` and give what it computes to :func:`class_iou`.
    """

    def compute(self) -> Tensor:
        """Return the mean over the classes in truth or prediction; NaN without pixels."""
        return class_mean(class_iou(super().compute()))
