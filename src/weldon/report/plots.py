"""The paper's plots as images: 5 (label co-occurrence) and 6 (pooling analysis)."""

from __future__ import annotations

import io
import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PIL import Image
from torch import Tensor

from weldon.data.opened import opened
from weldon.errors import UsageError
from weldon.report.page import share

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 150
CURVE = "WELDON"
ACCENT = "#2f5d8c"
GREYS = ("#b0563a", "#6b7f2a", "#7a5a99", "#3f8f8b", "#8a6d1f", "#555555", "#a04d7a")
DASHES = ("-", "--", "-.", ":")


def cooccurrence_figure(shares: Tensor, classes: Sequence[str]) -> Image.Image:
    """Draw the normalised co-occurrence matrix (Fig. 5).

    Args:
        shares: ``(C, C)`` in 0-1, from :func:`weldon.report.label_cooccurrence`.
        classes: C names.

    Raises:
        UsageError: shapes that do not fit.
    """
    if tuple(shares.shape) != (len(classes), len(classes)):
        raise UsageError(
            f"shares must be {(len(classes), len(classes))} for the classes, got {tuple(shares.shape)}"
        )
    side = max(3.0, 0.36 * len(classes) + 1.4)
    figure, axes = _axes(side, side)
    values = shares.clone().fill_diagonal_(float("nan"))
    axes.imshow(values.numpy(), cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(classes)), classes, rotation=90)
    axes.set_yticks(range(len(classes)), classes)
    axes.tick_params(length=0, labelsize=8)
    axes.spines[:].set_visible(False)
    for row, line in enumerate(values.tolist()):
        for column, value in enumerate(line):
            ink = "white" if value > 0.55 else "#333333" if value > 0 else "#bbbbbb"
            axes.text(column, row, share(value), ha="center", va="center", fontsize=7, color=ink)
    return _as_image(figure)


def pooling_figure(results: Mapping[str, Mapping[str, Any]], *, measure: str = "map") -> Image.Image:
    """Draw a measure over the share of selected regions, the other poolings as levels (Fig. 6).

    Args:
        results: rows of ``benchmarks/results/pooling_analysis.json``: a name (``WELDON 20%``, ``WELDON all``
            for points of the curve) and ``{"test": [{measure: share}, ...]}``, one entry a seed.
        measure: ``map``, ``pointwise`` ...

    Raises:
        UsageError: no point of the curve.
    """
    points, levels = split_pooling_rows(results, measure)
    figure, axes = _axes(6.4, 4.2)
    xs = [100 * place for place, _ in points]
    ys, spreads = zip(*(_mean_spread(values) for _, values in points), strict=True)
    axes.errorbar(
        xs, ys, yerr=spreads, color=ACCENT, marker="o", linewidth=2, capsize=3, label=f"{CURVE}, k+ = k-"
    )
    for number, (name, values) in enumerate(levels):
        style = {"color": GREYS[number % len(GREYS)], "linestyle": DASHES[number % len(DASHES)]}
        axes.axhline(_mean_spread(values)[0], linewidth=1.2, label=name, **style)
    axes.set_xlabel("selected regions, %")
    axes.set_ylabel({"map": "mAP, %"}.get(measure, f"{measure}, %"))
    axes.set_xlim(0, 102)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e5e5e5")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return _as_image(figure)


def split_pooling_rows(
    results: Mapping[str, Mapping[str, Any]], measure: str
) -> tuple[list[tuple[float, list[float]]], list[tuple[str, list[float]]]]:
    """Return the points of the curve (share, values) in order, and the other rows (name, values), in percent.

    Example:
        >>> rows = {"max": {"test": [{"map": 0.5}]}, "WELDON 20%": {"test": [{"map": 0.75}]}}
        >>> split_pooling_rows(rows, "map")
        ([(0.2, [75.0])], [('max', [50.0])])
    """
    points, levels = [], []
    for name, row in results.items():
        values = [100 * float(seed[measure]) for seed in row["test"]]
        if name.startswith(f"{CURVE} "):
            written = name.removeprefix(f"{CURVE} ")
            points.append((1.0 if written == "all" else float(written.rstrip("% ")) / 100, values))
        else:
            levels.append((name, values))
    if not points:
        raise UsageError(f"results must have rows '{CURVE} 20%', '{CURVE} all' ..., got {list(results)}")
    return sorted(points), levels


def _mean_spread(values: Sequence[float]) -> tuple[float, float]:
    return statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0


def _axes(width: float, height: float) -> tuple[Figure, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _as_image(figure: Figure) -> Image.Image:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", bbox_inches="tight", facecolor="white")
    with opened(stream.getvalue()) as image:
        return image.convert("RGB")
