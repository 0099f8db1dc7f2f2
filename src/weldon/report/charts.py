"""Turn numbers into the SVG paths of small charts with a labelled axis; the style sheet has the colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from weldon.metrics import PrecisionRecallCurve, ReliabilityCurve

Places = Sequence[tuple[float, float]]
BINS = 32


@dataclass(frozen=True, slots=True)
class LineChart:
    """A line over the epochs.

    Args:
        title: what is drawn.
        path: in a box of 100 x 100, y down.
        low: value at the bottom.
        high: value at the top.
        first: x at the left.
        last: x at the right.
        mark: place of the best epoch in the box, or None.
        marked: the value there.
    """

    title: str
    path: str
    low: float
    high: float
    first: float
    last: float
    mark: tuple[float, float] | None
    marked: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """How the scores of images with and without a class are spread; each side has its own height.

    Args:
        with_class: path of the images that have it, in a box of 100 x 100.
        without_class: path of those that have not.
        low: score at the left.
        high: score at the right.
        threshold: place of the threshold in the box, or None where it lies outside.
    """

    with_class: str
    without_class: str
    low: float
    high: float
    threshold: float | None


def draw_path(places: Places) -> str:
    """Return the ``d`` of a line through the places.

    Example:
        >>> draw_path([(0, 100), (50.04, 20), (100, 0)])
        'M0 100L50 20L100 0'
    """
    return "".join(f"{'L' if i else 'M'}{_short(x)} {_short(y)}" for i, (x, y) in enumerate(places))


def thin_places(places: Places, *, step: float = 0.6) -> list[tuple[float, float]]:
    """Leave out places closer than ``step`` to the last one kept, never the first or the last.

    Example:
        >>> thin_places([(0, 0), (0.1, 0), (1, 0), (1.2, 0)])
        [(0, 0), (1, 0), (1.2, 0)]
    """
    kept = list(places[:1])
    for place in places[1:-1]:
        if math.dist(place, kept[-1]) >= step:
            kept.append(place)
    return kept + list(places[1:][-1:])


def draw_curve(curve: PrecisionRecallCurve) -> str | None:
    """Return precision over recall as a path in a box of 100 x 100; None for a class without positives."""
    if not len(curve.recall) or bool(curve.recall.isnan().any()):
        return None
    recall, precision = curve.recall.tolist(), curve.precision.tolist()
    places = [(0.0, 100 - 100 * precision[0])]
    places += [(100 * r, 100 - 100 * p) for r, p in zip(recall, precision, strict=True)]
    return draw_path(thin_places(places))


def draw_reliability(curve: ReliabilityCurve) -> list[tuple[float, float, float]]:
    """Return x, y and radius of a dot a bin in a box of 100 x 100; its area goes by the labels of the bin.

    Example:
        >>> from torch import tensor
        >>> draw_reliability(ReliabilityCurve(tensor([0.5]), tensor([0.25]), tensor([40])))
        [(50.0, 75.0, 6.0)]
    """
    columns = [column.tolist() for column in curve]
    most = max(columns[2], default=1) or 1
    return [
        (round(100 * said, 1), round(100 - 100 * so, 1), round(max(1.5, 6 * math.sqrt(labels / most)), 1))
        for said, so, labels in zip(*columns, strict=True)
        if labels
    ]


def draw_scores(scores: Tensor, present: Tensor, threshold: float) -> Histogram:
    """Return the spread of the scores ``(N,)`` of images with (``present``, bool) and without a class."""
    low, high = float(scores.min()), float(scores.max())
    high = high if high > low else low + 1.0
    place = 100 * (threshold - low) / (high - low)
    return Histogram(
        _bars(scores[present], low, high),
        _bars(scores[~present], low, high),
        low,
        high,
        place if 0 <= place <= 100 else None,
    )


def draw_line(title: str, xs: Sequence[float], ys: Sequence[float], *, best: int | None = None) -> LineChart:
    """Return a line chart of finite values; ``best`` is the position to mark.

    Args:
        title: what is drawn.
        xs: rising.
        ys: as many.
        best: position of the value to mark, or None.
    """
    low, high = min(ys), max(ys)
    spread = (high - low) or 1.0
    across = (xs[-1] - xs[0]) or 1.0
    places = [
        (100 * (x - xs[0]) / across, 100 - 100 * (y - low) / spread) for x, y in zip(xs, ys, strict=True)
    ]
    mark = None if best is None else places[best]
    return LineChart(
        title, draw_path(places), low, high, xs[0], xs[-1], mark, math.nan if best is None else ys[best]
    )


def _bars(scores: Tensor, low: float, high: float) -> str:
    if not len(scores):
        return ""
    counts = torch.histc(scores.float(), BINS, min=low, max=high)
    heights = (100 * counts / counts.max()).tolist()
    width = 100 / BINS
    tops = [(edge * width, 100 - heights[bar]) for bar in range(BINS) for edge in (bar, bar + 1)]
    return draw_path([(0, 100), *tops, (100, 100)]) + "Z"


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
