"""Score a whole set with a network, and fit thresholds and figures of each class to the scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from weldon.losses import Batch
from weldon.metrics import average_precision, best_f1_threshold
from weldon.metrics.threshold import MIN_POSITIVES
from weldon.models import RegionNet
from weldon.runs.stored import Thresholds


def score_batch(net: RegionNet, batch: Batch, *, return_maps: bool = False) -> Any:
    """Return scores ``(N, C)``, and class maps if asked, of a batch of images, cached maps or bags."""
    if "features" in batch:
        return net.head(batch["features"], batch["mask"], return_maps=return_maps)
    return net(batch[net.takes], batch["mask"], return_maps=return_maps)


@dataclass(frozen=True)
class ScoredSet:
    """The scores of N images beside their labels.

    Args:
        scores: ``(N, C)`` float.
        target: ``(N, C)`` float in {0, 1}.
        known: ``(N, C)`` bool.
        index: ``(N,)`` position of each image in its dataset.
        map_scale: the 99.5th percentile of the size of class-map values: the one scale of the run's pictures.
    """

    scores: Tensor
    target: Tensor
    known: Tensor
    index: Tensor
    map_scale: float


@torch.no_grad()
def score_set(net: RegionNet, batches: Iterable[Batch]) -> ScoredSet:
    """Return scores and labels of every image in ``batches``, in evaluation mode."""
    device = next(net.parameters()).device
    net.eval()
    parts: list[tuple[Tensor, ...]] = []
    sizes: list[Tensor] = []
    for batch in batches:
        on_device = {name: value.to(device) for name, value in batch.items() if isinstance(value, Tensor)}
        scores, maps = score_batch(net, on_device, return_maps=True)
        parts.append(
            tuple(t.cpu() for t in (scores.float(), batch["target"], batch["known"], batch["index"]))
        )
        sizes.append(maps.float().abs().flatten()[:: max(1, maps.numel() // 10_000)].cpu())
    scores, target, known, index = (torch.cat(column) for column in zip(*parts, strict=True))
    return ScoredSet(scores, target, known, index, float(torch.cat(sizes)[:1_000_000].quantile(0.995)))


def fit_thresholds(scored: ScoredSet, classes: Sequence[str]) -> Thresholds:
    """Return the score from which each class is predicted: the best F1 on these images."""
    fitted = best_f1_threshold(scored.scores, scored.target, scored.known)
    values = {name: float(value) for name, value in zip(classes, fitted, strict=True)}
    return Thresholds(values, scored.map_scale)


def per_class_rows(
    scored: ScoredSet, classes: Sequence[str], thresholds: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return a row a class: positives, AP, threshold, precision, recall and F1 at the threshold."""
    precision = average_precision(scored.scores, scored.target, scored.known)
    rows = []
    for column, name in enumerate(classes):
        known = scored.known[:, column]
        present = scored.target[known, column] > 0
        chosen = scored.scores[known, column] >= thresholds[name]
        rows.append(
            {
                "class": name,
                "positives": int(present.sum()),
                "unknown": int((~known).sum()),
                "ap": float(precision[column]),
            }
            | {"threshold": thresholds[name]}
            | precision_recall(chosen, present)
        )
    return rows


def few_positives(rows: Sequence[dict[str, Any]], least: int = MIN_POSITIVES) -> str | None:
    """Return a warning that names the classes which too few validation images show, None if there are none.

    Example:
        >>> few_positives([{"class": "cat", "positives": 2}, {"class": "dog", "positives": 9}])
        'fewer than 5 validation images show cat: their precision says little, and they share one threshold'
    """
    few = [str(row["class"]) for row in rows if row["positives"] < least]
    if not few:
        return None
    more = f" and {len(few) - 8} more classes" if len(few) > 8 else ""
    return (
        f"fewer than {least} validation images show {', '.join(few[:8])}{more}: their precision says little, "
        "and they share one threshold"
    )


def precision_recall(chosen: Tensor, present: Tensor) -> dict[str, float]:
    """Return precision, recall and F1 of a choice; a ratio without anything to divide by is 0.

    Example:
        >>> precision_recall(torch.tensor([True, True, False]), torch.tensor([True, False, True]))
        {'precision': 0.5, 'recall': 0.5, 'f1': 0.5}
    """
    hits = int((chosen & present).sum())
    precision, recall = hits / max(1, int(chosen.sum())), hits / max(1, int(present.sum()))
    f1 = 2 * hits / max(1, int(chosen.sum()) + int(present.sum()))
    return {"precision": precision, "recall": recall, "f1": f1}
