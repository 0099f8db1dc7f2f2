"""List the measures of ``weldon val`` by name: flags, tables for people and recipes read this list.

A measure is named by where it stands and loaded when it is used: help shows its flags without torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weldon.evaluation.measures.measure import MeasureKind


@dataclass(frozen=True)
class Flag:
    """An option of ``weldon val`` and of :func:`weldon.evaluate`. Measures of the same truth share its flag.

    Args:
        name: with underscores.
        kind: what its text is read as: ``Path``, ``str``, ``int``, ``float``, or ``bool`` for a switch.
        help: one line for people.
    """

    name: str
    kind: type
    help: str


@dataclass(frozen=True)
class Listed:
    """A measure by where it stands.

    Args:
        home: ``module:name`` of its :class:`~weldon.evaluation.measures.measure.MeasureKind`.
        flags: what it reads, truth first.
    """

    home: str
    flags: tuple[Flag, ...] = ()

    @property
    def kind(self) -> MeasureKind:
        """All else that must be known of it."""
        kind: MeasureKind = resolve_name(self.home)
        return kind


BOXES = Flag("boxes", Path, "true boxes: COCO, Label Studio, CVAT, or a folder of VOC XML")
MASKS = Flag("masks", Path, "folder of true masks, indexed PNG")
LEGEND = Flag("legend", str, "what mask indices mean: voc, run or a table [legend.csv beside them]")
CRF = Flag("crf", bool, "measure masks refined by the dense CRF too")
TUNE_CRF = Flag("tune_crf", bool, "choose the CRF's parameters on the masks of the tuning images")
KNOWN_LABELS = Flag("known_labels", bool, "masks of the true classes, not of the predicted ones")

# In the order of the JSON output.
MEASURES = {
    "classes": Listed("weldon.evaluation.measures.classes:MEASURE"),
    "truth": Listed("weldon.evaluation.measured_truth:MEASURE"),
    "points": Listed("weldon.evaluation.measures.points:MEASURE", (BOXES,)),
    "boxes": Listed("weldon.evaluation.measures.boxes:MEASURE", (BOXES,)),
    "pixels": Listed("weldon.evaluation.measures.pixels:MEASURE", (MASKS, LEGEND)),
    "masks": Listed("weldon.evaluation.measures.masks:MEASURE", (MASKS, LEGEND, CRF, TUNE_CRF, KNOWN_LABELS)),
}


def measure_flags() -> dict[str, Flag]:
    """Return the flags of all measures by name, each once."""
    return {flag.name: flag for listed in MEASURES.values() for flag in listed.flags}


def measure_kinds() -> list[MeasureKind]:
    """Return all measures, in the order of the JSON output."""
    return [listed.kind for listed in MEASURES.values()]


def class_columns() -> dict[str, str]:
    """Return the figures of a class that a table for people shows, and the titles of their columns."""
    return {name: title for kind in measure_kinds() for name, title in kind.columns.items()}


def described(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield what every measure has to say of its figures, a line each."""
    for kind in measure_kinds():
        yield from kind.describe(figures)


def recipe_figures() -> dict[str, Listed]:
    """Return the figures that a column of a recipe may print, each with what measures it."""
    return {figure: listed for listed in MEASURES.values() for figure in listed.kind.recipe_figures}
