"""Measure how well boxes fit: IoU of two boxes, and MaxBoxAccV2 of boxes cut from score maps.

Source: Choe, Oh, Lee, Chun, Akata, Shim, "Evaluating weakly supervised object localization methods right"
(CVPR 2020) and its extension (arXiv 2007.04178). A *pair* is one class in one image. Its map is cut at T
thresholds, and each cut gives boxes; a pair is right at a threshold if *any* of these boxes meets *any* true
box with enough IoU.

Which threshold is used is part of the measure: ``tune_box_thresholds`` chooses it on tuning images
and ``max_box_accuracy`` applies it to the test split. Tuning on the test split itself is the original
definition; it must be written out in the caller's code, where a reader sees it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from weldon.errors import UsageError

IOU_LEVELS = (0.3, 0.5, 0.7)


def box_iou(a: Tensor, b: Tensor) -> Tensor:
    """Return the intersection over union ``(A, B)`` of every box of ``a`` with every box of ``b``.

    Corners are positions, not pixel numbers: a box from 0 to 2 is 2 wide. Two boxes without area have IoU 0.

    Args:
        a: ``(A, 4)`` xyxy.
        b: ``(B, 4)`` xyxy.

    Example:
        >>> box_iou(torch.tensor([[0.0, 0.0, 2.0, 2.0]]), torch.tensor([[1.0, 0.0, 3.0, 2.0]]))  # 2 of 6
        tensor([[0.3333]])
    """
    for name, boxes in (("a", a), ("b", b)):
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise UsageError(f"{name} must be boxes (N, 4), got {tuple(boxes.shape)}")
    a, b = a.double(), b.double()
    corner, opposite = torch.maximum(a[:, None, :2], b[:, :2]), torch.minimum(a[:, None, 2:], b[:, 2:])
    shared = (opposite - corner).clamp(min=0).prod(2)  # (A, B)
    union = _area(a)[:, None] + _area(b) - shared
    return torch.where(union > 0, shared / union, 0.0).float()


def _area(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1)


def best_overlaps(predicted: Sequence[Tensor], truth: Tensor) -> Tensor:
    """Return for each threshold of one pair the best IoU ``(T,)`` of any predicted with any true box.

    Args:
        predicted: T tensors ``(B, 4)`` xyxy, the boxes at each threshold; without boxes the overlap is 0.
        truth: ``(G, 4)`` xyxy, the true boxes of the class in the image, at least one.

    Raises:
        UsageError: there is no true box, or a tensor is not ``(N, 4)``.

    Example:
        >>> truth = torch.tensor([[0.0, 0.0, 4.0, 4.0]])
        >>> top_half_and_a_corner = torch.tensor([[0.0, 0.0, 4.0, 2.0], [9.0, 9.0, 10.0, 10.0]])
        >>> best_overlaps([top_half_and_a_corner, torch.empty(0, 4)], truth)
        tensor([0.5000, 0.0000])
    """
    if not len(truth):
        raise UsageError("truth must have at least one box: a pair is a class that is present")
    return torch.stack(
        [box_iou(boxes, truth).flatten().amax() if len(boxes) else truth.new_zeros(()) for boxes in predicted]
    ).float()


def box_accuracy_curve(overlaps: Tensor, *, iou_levels: Sequence[float] = IOU_LEVELS) -> Tensor:
    """Return the share of pairs that reach each IoU level at each threshold ``(L, T)``.

    Args:
        overlaps: ``(P, T)``, a row of :func:`best_overlaps` for each pair.
        iou_levels: L levels in (0, 1]; reaching one means IoU >= level.

    Example:
        >>> box_accuracy_curve(torch.tensor([[0.6, 0.4], [0.8, 0.1]]), iou_levels=(0.3, 0.7))
        tensor([[1.0000, 0.5000],
                [0.5000, 0.0000]])
    """
    _check_overlaps(overlaps)
    levels = torch.tensor(iou_levels, dtype=overlaps.dtype, device=overlaps.device)
    return (overlaps[None] >= levels[:, None, None]).float().mean(1)  # (L, P, T) -> (L, T)


def tune_box_thresholds(
    overlaps: Tensor, *, iou_levels: Sequence[float] = IOU_LEVELS, shared: bool = False
) -> Tensor:
    """Return for each IoU level the number of the best threshold ``(L,)`` on tuning images.

    Of several equally good thresholds the middle one is taken, farthest from where the accuracy falls off.

    Args:
        overlaps: ``(P, T)`` of the *tuning* pairs, never of the test pairs.
        iou_levels: L levels in (0, 1].
        shared: True: one threshold for all levels, the one with the best mean, as a deployed model needs;
            False: one for each level, as WSOL's tables have it.

    Raises:
        UsageError: ``overlaps`` has no pairs or is not ``(P, T)``.

    Example:
        >>> tune_box_thresholds(torch.tensor([[0.6, 0.4], [0.4, 0.5]]), iou_levels=(0.5, 0.6))
        tensor([1, 0])
    """
    curve = box_accuracy_curve(overlaps, iou_levels=iou_levels)
    if not len(overlaps):
        raise UsageError("overlaps must have at least one pair to tune on, got none")
    rows = curve.mean(0, keepdim=True).expand_as(curve) if shared else curve
    return torch.stack([_middle_best(row) for row in rows])


def max_box_accuracy(overlaps: Tensor, chosen: Tensor, *, iou_levels: Sequence[float] = IOU_LEVELS) -> Tensor:
    """Return MaxBoxAccV2: the share of right pairs at the chosen thresholds, averaged over the IoU levels.

    Args:
        overlaps: ``(P, T)`` of the test pairs.
        chosen: ``(L,)`` long, from :func:`tune_box_thresholds` on other images.
        iou_levels: the levels ``chosen`` was tuned for.

    Raises:
        UsageError: shapes do not fit.

    Example:
        >>> overlaps = torch.tensor([[0.6, 0.4], [0.8, 0.1]])
        >>> max_box_accuracy(overlaps, torch.tensor([0, 0, 0]))  # mean of 2/2, 2/2 and 1/2
        tensor(0.8333)
    """
    return box_accuracy(overlaps, chosen, iou_levels=iou_levels).mean()


def box_accuracy(overlaps: Tensor, chosen: Tensor, *, iou_levels: Sequence[float] = IOU_LEVELS) -> Tensor:
    """Return the share of right pairs at each IoU level ``(L,)``; :func:`max_box_accuracy` is its mean."""
    curve = box_accuracy_curve(overlaps, iou_levels=iou_levels)
    if chosen.shape != curve.shape[:1]:
        raise UsageError(
            f"chosen must be ({len(curve)},), one threshold for each IoU level, got {tuple(chosen.shape)}"
        )
    return curve.gather(1, chosen.to(curve.device)[:, None]).squeeze(1)


def _middle_best(accuracy: Tensor) -> Tensor:
    best = (accuracy == accuracy.max()).nonzero().flatten()
    return best[len(best) // 2]


def _check_overlaps(overlaps: Tensor) -> None:
    if overlaps.ndim != 2 or not overlaps.shape[1]:
        raise UsageError(f"overlaps must be (P, T), got {tuple(overlaps.shape)}")
