"""Measure pointwise localisation: whether the best place of a class's map lies on an object of the class.

Source: Oquab, Bottou, Laptev, Sivic, "Is object localization for free?" (CVPR 2015), the measure of the
paper's Table 10 (section 6.4). Their images have a long side of 500 pixels and the tolerance is 18 of these
pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.metrics.average_precision import summarise_ranking
from weldon.metrics.ranking import check_mask, check_scores, rank_by_score


def pointwise_localisation(
    points: Tensor,
    scores: Tensor,
    boxes: Sequence[Tensor],
    box_classes: Sequence[Tensor],
    *,
    sizes: Tensor,
    mask: Tensor | None = None,
    tolerance: float = 18.0,
    reference_side: float | None = 500.0,
    method: str = "area",
) -> Tensor:
    """Return the average precision ``(C,)`` of rightly placed points; NaN for a class without boxes.

    For each class the images are ranked by its score. An image counts as found if the class's point lies in
    one of the class's boxes, grown by the tolerance on each side. Every other image, with the class but a
    wrong point or without the class, counts as a false alarm. The recall is over all images with the class,
    so AP = 1 needs every image ranked right and every point placed right.

    Args:
        points: ``(N, C, 2)`` float, (x, y) in pixels of the original image.
        scores: ``(N, C)`` float, the image's score for the class.
        boxes: N tensors ``(B, 4)``, xyxy in pixels of the original image; B may be 0.
        box_classes: N long tensors ``(B,)``, the class of each box. A class is present where it has a box.
        sizes: ``(N, 2)``, width and height of the original image.
        mask: ``(N, C)`` bool, False where presence is unknown (for VOC: only difficult objects), which leaves
            the image out of that class; None means all are known.
        tolerance: pixels by which a box is grown, on an image whose long side is ``reference_side``.
        reference_side: the tolerance grows with the image's long side over this; None: pixels of the image
            itself.
        method: as in :func:`average_precision`.

    Raises:
        UsageError: shapes do not fit, a score is NaN, or a box has no such class.

    Example:
        The surest image has its point 10 pixels beside the box: within the tolerance. The second misses.

        >>> box, cat = torch.tensor([[100.0, 100.0, 200.0, 200.0]]), torch.tensor([0])
        >>> points = torch.tensor([[[210.0, 150.0]], [[300.0, 150.0]]])
        >>> sizes = torch.tensor([[500, 400], [500, 400]])
        >>> pointwise_localisation(points, torch.tensor([[9.0], [8.0]]), [box, box], [cat, cat], sizes=sizes)
        tensor([0.5000])
    """
    hits = point_hits(points, boxes, box_classes, sizes, tolerance=tolerance, reference_side=reference_side)
    return localised_precision(
        scores, hits, classes_present(box_classes, points.shape[1]), mask, method=method
    )


def pointing_accuracy(
    points: Tensor,
    boxes: Sequence[Tensor],
    box_classes: Sequence[Tensor],
    *,
    sizes: Tensor,
    mask: Tensor | None = None,
    tolerance: float = 0.0,
    reference_side: float | None = 500.0,
) -> Tensor:
    """Return the share of (image, present class) pairs whose point lies in a box of the class.

    NaN without pairs. Scores play no part: it asks where, the class being given. Arguments as in
    :func:`pointwise_localisation`, with no tolerance unless asked for.

    Example:
        >>> box, cat = torch.tensor([[100.0, 100.0, 200.0, 200.0]]), torch.tensor([0])
        >>> points = torch.tensor([[[200.0, 150.0]], [[201.0, 150.0]]])
        >>> sizes = torch.tensor([[500, 400], [500, 400]])
        >>> pointing_accuracy(points, [box, box], [cat, cat], sizes=sizes)
        tensor(0.5000)
    """
    hits = point_hits(points, boxes, box_classes, sizes, tolerance=tolerance, reference_side=reference_side)
    return share_of_hits(hits, classes_present(box_classes, points.shape[1]), mask)


def point_hits(
    points: Tensor,
    boxes: Sequence[Tensor],
    box_classes: Sequence[Tensor],
    sizes: Tensor,
    *,
    tolerance: float = 18.0,
    reference_side: float | None = 500.0,
) -> Tensor:
    """Return ``(N, C)`` bool: the class's point lies in, or on the edge of, one of its grown boxes."""
    _check_images(points, boxes, box_classes, sizes)
    hits = torch.zeros(points.shape[:2], dtype=torch.bool, device=points.device)
    long_side = sizes.amax(1).to(points)
    margins = torch.full_like(long_side, tolerance) * (long_side / reference_side if reference_side else 1.0)
    on_device = (
        (corners.to(points), classes.to(points.device))
        for corners, classes in zip(boxes, box_classes, strict=True)
    )
    for n, (corners, classes) in enumerate(on_device):
        here = points[n, classes]  # (B, 2)
        inside = (here >= corners[:, :2] - margins[n]) & (here <= corners[:, 2:] + margins[n])  # (B, 2)
        hits[n, classes[inside.all(1)]] = True
    return hits


def classes_present(box_classes: Sequence[Tensor], num_classes: int) -> Tensor:
    """Return ``(N, C)`` bool: the image has a box of the class."""
    counts = [classes.bincount(minlength=num_classes) for classes in box_classes]
    return torch.stack(counts) > 0 if counts else torch.zeros(0, num_classes, dtype=torch.bool)


def localised_precision(
    scores: Tensor, hits: Tensor, present: Tensor, mask: Tensor | None = None, *, method: str = "area"
) -> Tensor:
    """Return the average precision ``(C,)`` of images ranked by ``scores`` that finds the ``hits``.

    Args:
        scores: ``(N, C)`` float.
        hits: ``(N, C)`` bool, present and rightly placed.
        present: ``(N, C)`` bool, the denominator of the recall.
        mask: ``(N, C)`` bool, False where presence is unknown; None means all are known.
        method: as in :func:`average_precision`.
    """
    check_scores(scores)
    known = torch.ones_like(hits) if mask is None else mask
    check_mask(known, hits.shape)
    per_class = [
        summarise_ranking(rank_by_score(score[here], hit[here]), int(there[here].sum()), method=method)
        for score, hit, there, here in zip(
            *(tensor.detach().cpu().T for tensor in (scores, hits, present, known)), strict=True
        )
    ]
    return torch.tensor(per_class, dtype=torch.float32, device=scores.device)


def share_of_hits(hits: Tensor, present: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the share of hits among the present, known pairs, all ``(N, C)`` bool; NaN without pairs."""
    pairs = present.to(hits.device) if mask is None else present.to(hits.device) & mask
    return hits[pairs].float().mean()


def _check_images(
    points: Tensor, boxes: Sequence[Tensor], box_classes: Sequence[Tensor], sizes: Tensor
) -> None:
    if points.ndim != 3 or points.shape[2] != 2:
        raise UsageError(f"points must be (N, C, 2), got {tuple(points.shape)}")
    if not len(boxes) == len(box_classes) == len(points):
        raise UsageError(
            f"boxes and box_classes must have one entry for each of {len(points)} images, "
            f"got {len(boxes)} and {len(box_classes)}"
        )
    if sizes.shape != (len(points), 2):
        raise UsageError(f"sizes must be ({len(points)}, 2), got {tuple(sizes.shape)}")
    for n, (corners, classes) in enumerate(zip(boxes, box_classes, strict=True)):
        if corners.shape != (len(classes), 4):
            raise UsageError(f"boxes of image {n} must be ({len(classes)}, 4), got {tuple(corners.shape)}")
        if len(classes) and not 0 <= int(classes.min()) <= int(classes.max()) < points.shape[1]:
            raise UsageError(
                f"box_classes of image {n} must be from 0 to {points.shape[1] - 1}, got {classes.tolist()}"
            )
