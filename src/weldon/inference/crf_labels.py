"""Which labels take part in a dense CRF: those named, and of these the ones that are likely somewhere."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from weldon.errors import UsageError


def labels_in_play(
    logits: Tensor, *, labels: Sequence[int] | Tensor | None, prune: float | None
) -> Tensor | None:
    """Return which labels of each picture take part, ``(N, C)`` bool, or None for all.

    Args:
        logits: ``(N, C, H, W)`` float, log probabilities up to a constant per pixel.
        labels: indices, or bool ``(C,)`` or ``(N, C)``; None for all.
        prune: drop labels whose probability among the named ones is nowhere above this share; the label
            with the highest probability of all always stays.

    Raises:
        UsageError: an index out of range, a bool tensor of another shape, a picture without a label.
    """
    if labels is None and prune is None:
        return None
    named = named_labels(labels, images=logits.shape[0], classes=logits.shape[1]).to(logits.device)
    if prune is None:
        return named
    hidden = ~named[:, :, None, None]
    peaks = logits.detach().masked_fill(hidden, -torch.inf).softmax(1).amax((2, 3))  # (N, C)
    return named & ((peaks > prune) | (peaks == peaks.amax(1, keepdim=True)))


def named_labels(labels: Sequence[int] | Tensor | None, *, images: int, classes: int) -> Tensor:
    """Return ``labels`` as ``(N, C)`` bool.

    Example:
        >>> named_labels([0, 2], images=1, classes=3)
        tensor([[ True, False,  True]])
    """
    if labels is None:
        return torch.ones(images, classes, dtype=torch.bool)
    given = torch.as_tensor(labels).cpu()
    if given.dtype == torch.bool:
        if tuple(given.shape) not in ((classes,), (images, classes)):
            raise UsageError(
                f"labels must be bool ({classes},) or ({images}, {classes}), got shape {tuple(given.shape)}"
            )
        named = given.expand(images, classes)
    else:
        named = _indexed(given, classes).expand(images, classes)
    if not named.any(1).all():
        raise UsageError("labels must leave at least one label in play for every picture, got none")
    return named


def _indexed(indices: Tensor, classes: int) -> Tensor:
    floating = indices.numel() > 0 and indices.is_floating_point()
    if floating or indices.ndim != 1 or ((indices < 0) | (indices >= classes)).any():
        raise UsageError(f"labels must be indices from 0 to {classes - 1}, got {indices.tolist()}")
    named = torch.zeros(classes, dtype=torch.bool)
    named[indices.long()] = True
    return named
