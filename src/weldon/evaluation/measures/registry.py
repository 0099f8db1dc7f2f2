"""List the measures of ``weldon val`` by name: flags, tables for people and recipes read this list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from weldon.evaluation import measured_truth
from weldon.evaluation.measures import boxes, classes, masks, pixels, points
from weldon.evaluation.measures.measure import Flag, MeasureKind

# In the order of the JSON output.
MEASURES: dict[str, MeasureKind] = {
    "classes": classes.MEASURE,
    "truth": measured_truth.MEASURE,
    "points": points.MEASURE,
    "boxes": boxes.MEASURE,
    "pixels": pixels.MEASURE,
    "masks": masks.MEASURE,
}


def measure_flags() -> dict[str, Flag]:
    """Return the flags of all measures by name, each once."""
    return {flag.name: flag for kind in MEASURES.values() for flag in kind.flags}


def class_columns() -> dict[str, str]:
    """Return the figures of a class that a table for people shows, and the titles of their columns."""
    return {name: title for kind in MEASURES.values() for name, title in kind.columns.items()}


def described(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield what every measure has to say of its figures, a line each."""
    for kind in MEASURES.values():
        yield from kind.describe(figures)


def recipe_figures() -> dict[str, MeasureKind]:
    """Return the figures that a column of a recipe may print, each with what measures it."""
    return {figure: kind for kind in MEASURES.values() for figure in kind.recipe_figures}
