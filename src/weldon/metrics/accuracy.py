"""Measure accuracy: of the k highest scores, of each class, and of the top class of images with several."""

from __future__ import annotations

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.metrics.ranking import check_labels, check_scores


def target_rank(scores: Tensor, target: Tensor) -> Tensor:
    """Count the classes that stand before the right one ``(N,)``.

    Of equal scores the lower class number stands first. That is the order of ``argmax``, so rank 0 means that
    ``argmax`` is right, and a constant model is right only on the images of class 0.

    Args:
        scores: ``(N, C)`` float, any real.
        target: ``(N,)`` long, the right class.

    Raises:
        UsageError: shapes do not fit, a score is NaN, or a target is no class.

    Example:
        >>> target_rank(torch.tensor([[1.0, 3.0, 3.0]]), torch.tensor([2]))
        tensor([1])
    """
    _check_classes(scores, target)
    own = scores.gather(1, target[:, None])  # (N, 1)
    lower_number = torch.arange(scores.shape[1], device=scores.device) < target[:, None]  # (N, C)
    return ((scores > own) | ((scores == own) & lower_number)).sum(1)


def topk_accuracy(scores: Tensor, target: Tensor, k: int = 1) -> Tensor:
    """Return the share of images whose right class is among the ``k`` highest scores; NaN without images.

    Args:
        scores: ``(N, C)`` float, any real.
        target: ``(N,)`` long, the right class.
        k: from 1 to C.

    Raises:
        UsageError: ``k`` is not in 1 to C, or as in :func:`target_rank`.

    Example:
        >>> topk_accuracy(torch.tensor([[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]]), torch.tensor([0, 1]))
        tensor(0.5000)
    """
    check_k(k, scores.shape[-1])
    return (target_rank(scores, target) < k).float().mean()


def per_class_accuracy(scores: Tensor, target: Tensor, k: int = 1) -> Tensor:
    """Return for each class the share of its images that are right ``(C,)``; NaN for a class without images.

    The mean over classes (:func:`class_mean`) is the "mean class accuracy" of unbalanced sets.

    Args:
        scores: ``(N, C)`` float, any real.
        target: ``(N,)`` long, the right class.
        k: an image is right if its class is among the ``k`` highest scores.

    Raises:
        UsageError: as in :func:`topk_accuracy`.

    Example:
        >>> per_class_accuracy(torch.tensor([[2.0, 1.0], [2.0, 1.0], [0.0, 1.0]]), torch.tensor([0, 1, 1]))
        tensor([1.0000, 0.5000])
    """
    check_k(k, scores.shape[-1])
    right, num_classes = target_rank(scores, target) < k, scores.shape[1]
    return target[right].bincount(minlength=num_classes) / target.bincount(minlength=num_classes)


def hit_at_one(scores: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the share of images whose highest known class is one of their own; NaN without images.

    For images of any number of classes; those in which no known class is present do not count. Of equal
    scores the lower class number stands first.

    Args:
        scores: ``(N, C)`` float, any real.
        target: ``(N, C)``, 1 where the class is present and 0 where it is absent.
        mask: ``(N, C)`` bool, True on known cells; None means all are known.

    Raises:
        UsageError: shapes do not fit, a score is NaN, or a known target is neither 0 nor 1.

    Example:
        >>> hit_at_one(torch.tensor([[2.0, 1.0], [2.0, 1.0]]), torch.tensor([[1, 1], [0, 1]]))
        tensor(0.5000)
    """
    known = torch.ones_like(target, dtype=torch.bool) if mask is None else mask
    check_labels(scores, target, known)
    present = (target == 1) & known
    top = scores.masked_fill(~known, float("-inf")).argmax(1, keepdim=True)  # (N, 1)
    counted = present.any(1)
    return present.gather(1, top)[counted].float().mean()


def check_k(k: int, num_classes: int) -> None:
    """Refuse a ``k`` that is not in 1 to C."""
    if not 1 <= k <= num_classes:
        raise UsageError(f"k must be from 1 to the number of classes ({num_classes}), got {k}")


def _check_classes(scores: Tensor, target: Tensor) -> None:
    check_scores(scores)
    if target.shape != scores.shape[:1] or target.dtype != torch.long:
        raise UsageError(f"target must be long ({len(scores)},), got {target.dtype} {tuple(target.shape)}")
    strange = (target < 0) | (target >= scores.shape[1])
    if strange.any():
        raise UsageError(
            f"target must be a class from 0 to {scores.shape[1] - 1}, got {target[strange][0].item()}"
        )
