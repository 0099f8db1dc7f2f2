"""Draw the figures of the paper: evidence (1, 3, 4), pooling (6) and segmentation (7)."""

from __future__ import annotations

import io
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from weldon.data.decode import opened
from weldon.errors import UsageError
from weldon.inference.evidence import Evidence
from weldon.inference.overlay import draw_evidence, overlay_map, side_by_side, with_caption
from weldon.inference.result import Result
from weldon.report.data_uri import mask_colours
from weldon.report.page import share

if TYPE_CHECKING:
    from matplotlib.figure import Figure


SIDE = 480
MASK_OPACITY = 0.65


def evidence_figure(
    result: Result, class_names: Sequence[str], *, regions: int = 1, side: int = SIDE
) -> Image.Image:
    """Set the photograph beside its heat map for each class, the strongest regions framed and scored.

    Fig. 1 is a right and two wrong classes with ``regions=1``; Fig. 3 a right and a wrong one with
    ``regions=3``; Fig. 4 a class that is present and one that is absent.

    Args:
        result: of the image.
        class_names: one panel each.
        regions: framed on each side, at most those that the pooling weighs.
        side: long side of a panel, in pixels.

    Raises:
        UsageError: no class, an unknown one, or fewer than one region.
    """
    if not class_names:
        raise UsageError("class_names must name at least one class, got none")
    if regions < 1:
        raise UsageError(f"regions must be at least 1, got {regions!r}")
    factor = side / max(result.width, result.height)
    size = (max(1, round(result.width * factor)), max(1, round(result.height * factor)))
    photo = result.reduced(side).resize(size, Image.Resampling.LANCZOS)
    panels = [_evidence_panel(result, name, photo, regions) for name in class_names]
    return side_by_side([with_caption(photo, ["", ""]), *panels])


def segmentation_figure(
    rows: Sequence[tuple[Image.Image, NDArray[np.uint8], NDArray[np.uint8]]], *, side: int = 320
) -> Image.Image:
    """Set photograph, true mask and predicted mask side by side, a row for each image (Fig. 7).

    Args:
        rows: photograph, truth and prediction ``(height, width)`` uint8, 0 background, 255 not labelled.
        side: long side of a picture, in pixels.

    Raises:
        UsageError: no rows.
    """
    if not rows:
        raise UsageError("rows must be at least one image with its masks, got none")
    lines = [
        side_by_side(
            [_fit(picture, side) for picture in (photo, paint_mask(photo, truth), paint_mask(photo, guess))]
        )
        for photo, truth, guess in rows
    ]
    gap = 12
    height = sum(line.height for line in lines) + gap * (len(lines) - 1)
    sheet = Image.new("RGB", (max(line.width for line in lines), height), "white")
    top = 0
    for line in lines:
        sheet.paste(line, (0, top))
        top += line.height + gap
    return sheet


def paint_mask(photo: Image.Image, mask: NDArray[np.uint8]) -> Image.Image:
    """Lay a mask in the page's colours over the photograph in grey; background stays bare, 255 turns white.

    Args:
        photo: RGB.
        mask: ``(height, width)`` uint8 of the photograph's size.

    Raises:
        UsageError: the sizes differ.
    """
    if mask.shape != (photo.height, photo.width):
        raise UsageError(f"mask must be {(photo.height, photo.width)} like its photograph, got {mask.shape}")
    palette = np.array(mask_colours(), dtype=np.uint8)
    opacity = np.where(mask == 0, 0, round(255 * MASK_OPACITY)).astype(np.uint8)
    layer = np.concatenate((palette[mask], opacity[..., None]), axis=-1)  # (H, W, 4)
    grey = photo.convert("L").convert("RGBA")
    return Image.alpha_composite(grey, Image.fromarray(layer)).convert("RGB")


def _evidence_panel(result: Result, name: str, photo: Image.Image, regions: int) -> Image.Image:
    evidence = result.evidence(name)
    shown = replace(evidence, top=evidence.top[:regions], low=evidence.low[:regions])
    heat = result.heatmap(name, size=(photo.height, photo.width))
    picture = overlay_map(photo, heat, scale=result.decision.map_scale)
    drawn = draw_evidence(picture, shown, factor=(photo.width / result.width, photo.height / result.height))
    return with_caption(drawn, [f"{name} ({evidence.score:+.1f})", _means(shown)])


def _means(shown: Evidence) -> str:
    """Say what the framed regions score on average, as the paper's figures do."""
    parts = [
        f"{sign}: {sum(region.score for region in side) / len(side):+.1f}"
        for sign, side in (
            (_name(shown.top, "top", "h+"), shown.top),
            (_name(shown.low, "low", "h-"), shown.low),
        )
        if side
    ]
    return ", ".join(parts)


def _name(side: Sequence[object], word: str, single: str) -> str:
    return single if len(side) == 1 else f"{word}-{len(side)}"


def _fit(picture: Image.Image, side: int) -> Image.Image:
    factor = side / max(picture.size)
    return picture.resize((max(1, round(picture.width * factor)), max(1, round(picture.height * factor))))


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
