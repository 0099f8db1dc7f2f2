"""Score a whole set with a network, and fit thresholds and figures of each class to the scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import torch
from torch import Tensor

from weldon.counted import counted
from weldon.device import to_processor
from weldon.losses import Batch
from weldon.metrics import average_precision, best_f1_threshold
from weldon.metrics.precision_recall import judge_choice
from weldon.metrics.threshold import MIN_POSITIVES
from weldon.models import RegionNet
from weldon.runs.thresholds_file import Thresholds
from weldon.stopping import leave_if_told


def score_batch(net: RegionNet, batch: Batch, *, return_maps: bool = False) -> Any:
    """Return scores ``(N, C)``, and class maps if asked, of a batch of images, cached maps or bags.

    A batch may also hold what the transfer layer gave, as ``regions``.
    """
    if "regions" in batch:
        return net.pooled(batch["regions"], batch["mask"], return_maps=return_maps)
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


def scores_and_maps(net: RegionNet, batch: Batch) -> tuple[Tensor, ...]:
    """Return scores ``(N, C)`` and class maps of a batch."""
    scores, maps = score_batch(net, batch, return_maps=True)
    return scores, maps


@torch.no_grad()
def score_batches(
    net: RegionNet, batches: Iterable[Batch], score: Callable[..., tuple[Tensor, ...]] = scores_and_maps
) -> Iterator[tuple[Batch, tuple[Tensor, ...]]]:
    """Yield every batch that holds something, with what the network says of it, on the CPU in float32.

    Args:
        net: put in evaluation mode.
        batches: of images, cached maps or bags.
        score: from the network and a batch on its device to tensors.
    """
    device = next(net.parameters()).device
    net.eval()
    for batch in batches:
        leave_if_told()
        if len(batch["index"]):
            moved = {
                name: part.to(device, non_blocking=True)
                for name, part in batch.items()
                if isinstance(part, Tensor)
            }
            yield batch, to_processor(*score(net, moved))


def score_set(net: RegionNet, batches: Iterable[Batch]) -> ScoredSet:
    """Return scores and labels of every image in ``batches``, in evaluation mode."""
    parts: list[tuple[Tensor, ...]] = []
    sizes: list[Tensor] = []
    for batch, (scored, maps) in score_batches(net, batches):
        parts.append((scored, *(batch[name].cpu() for name in ("target", "known", "index"))))
        sizes.append(maps.abs().flatten()[:: max(1, maps.numel() // 10_000)])
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
        judged = judge_choice(scored.scores[known, column] >= thresholds[name], present)._asdict()
        rows.append(
            {
                "class": name,
                "positives": judged.pop("positives"),
                "unknown": int((~known).sum()),
                "ap": float(precision[column]),
            }
            | {"threshold": thresholds[name]}
            | {figure: 0.0 if isnan(share) else share for figure, share in judged.items()}
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
    more = f" and {counted(len(few) - 8, 'more class', 'more classes')}" if len(few) > 8 else ""
    return (
        f"fewer than {least} validation images show {', '.join(few[:8])}{more}: their precision says little, "
        "and they share one threshold"
    )
