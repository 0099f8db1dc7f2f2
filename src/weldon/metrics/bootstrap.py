"""Measure how far average precision would vary on other images of the same kind: a bootstrap over images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from weldon.metrics.ranking import known_columns

_CELLS = 4_000_000  # of a table of draws and images that is held at once


def resampled_average_precision(
    runs: Sequence[Tensor],
    target: Tensor,
    mask: Tensor | None = None,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> Tensor:
    """Return ``(runs, draws, C)``: the average precision of each class on images drawn with replacement.

    A draw is the same for all runs, so that a difference on it comes from the runs and not from the images.
    Its value is :func:`weldon.metrics.average_precision` of the drawn rows; NaN where none shows the class.

    Args:
        runs: scores of each run, ``(N, C)`` float.
        target: ``(N, C)`` in {0, 1} wherever known.
        mask: ``(N, C)`` bool, True where the label is known; None means everywhere.
        draws: how often N images are drawn.
        seed: of the draws.

    Example:
        One image shows the class and scores highest, so the value is 1 wherever that image is drawn.

        >>> scores, target = torch.tensor([[2.0], [1.0]]), torch.tensor([[1], [0]])
        >>> resampled_average_precision([scores], target, draws=4, seed=1).flatten().tolist()
        [nan, 1.0, nan, nan]
    """
    known = torch.ones_like(target, dtype=torch.bool) if mask is None else mask
    parts = [
        torch.stack([_weighted(scores, target, known, weights) for scores in runs])
        for weights in _draws(len(target), draws, seed)
    ]
    return torch.cat(parts, 1)


def _draws(images: int, draws: int, seed: int) -> Iterator[Tensor]:
    """Yield how often each image is drawn, ``(some draws, N)`` float64."""
    generator = torch.Generator().manual_seed(seed)
    at_once = max(1, _CELLS // max(1, images))
    for start in range(0, draws, at_once):
        count = min(at_once, draws - start)
        drawn = torch.randint(images, (count, images), generator=generator)
        yield torch.zeros(count, images, dtype=torch.float64).scatter_add_(
            1, drawn, torch.ones(count, images, dtype=torch.float64)
        )


def _weighted(scores: Tensor, target: Tensor, known: Tensor, weights: Tensor) -> Tensor:
    """Return ``(draws, C)``: average precision where image n counts ``weights[:, n]`` times."""
    rows = [torch.nonzero(column).flatten() for column in known.T]
    columns = [
        _one_class(score, positive, weights[:, there])
        for (score, positive), there in zip(known_columns(scores, target, known), rows, strict=True)
    ]
    return torch.stack(columns, 1)


def _one_class(scores: Tensor, positive: Tensor, weights: Tensor) -> Tensor:
    """Return ``(draws,)``; images of equal score enter together, so precision is read at the last of them."""
    if not positive.any():
        return torch.full((len(weights),), torch.nan, dtype=torch.float64)
    ordered, order = scores.sort(descending=True)
    closes_tie = torch.ones_like(ordered, dtype=torch.bool)
    closes_tie[:-1] = ordered[1:] != ordered[:-1]
    drawn = weights[:, order]
    predicted = drawn.cumsum(1)[:, closes_tie]  # (draws, T)
    correct = (drawn * positive[order]).cumsum(1)[:, closes_tie]
    found = correct.diff(dim=1, prepend=correct.new_zeros(len(correct), 1))
    precision = correct / predicted.clamp(min=1)  # where nothing is drawn yet, nothing is found
    return (found * precision).sum(1) / correct[:, -1]
