"""Define a measure: what it sees of each image, and the figures it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from torch import Tensor

from weldon.data import Geometry, Record

if TYPE_CHECKING:
    from weldon.evaluation.evaluate import EvaluationContext


@dataclass(frozen=True, slots=True)
class ImageScores:
    """What the network says about one image, or one bag.

    Args:
        number: of the image in its set.
        record: the image.
        scores: ``(C,)`` float.
    """

    number: int
    record: Record
    scores: Tensor


@dataclass(frozen=True, slots=True)
class ImageMaps(ImageScores):
    """What the network says about one image, and where.

    Args:
        geometry: how it lay on the canvas.
        maps: ``(C, h, w)`` float, over the whole canvas.
    """

    geometry: Geometry
    maps: Tensor


@dataclass(frozen=True)
class Figures:
    """Named results, as the JSON output has them.

    Args:
        overall: of the whole set.
        per_class: figure by name, for each class.
    """

    overall: Mapping[str, Any]
    per_class: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Measure(Protocol):
    """Sees one image after another, then returns its figures."""

    def update(self, answer: ImageMaps) -> None:
        """Take in one image."""

    def figures(self) -> Figures:
        """Return what was found."""


def _no_refusal(flags: Mapping[str, Any]) -> None:
    """Every combination of flags will do."""


def _no_lines(figures: Mapping[str, Any]) -> list[str]:
    return []


@dataclass(frozen=True)
class MeasureKind:
    """All that others must know of a measure; ``MEASURES`` of ``registry.py`` lists them.

    Args:
        build: the measure for a run and its images, None where the truth that it needs is not there.
        reads_maps: whether it reads maps; bags have none, and without them images are measured faster.
        columns: figures of a class that the table for people shows, and the titles of their columns.
        recipe_figures: figures of the whole set that a column of a recipe may print, and the flags each needs
            set beside the truth.
        describe: the figures of the whole set to lines for people.
        refuse: raises a UsageError for flags, by name, that do not go together, before anything is read.
    """

    build: Callable[[EvaluationContext], Measure | None]
    reads_maps: bool = True
    columns: Mapping[str, str] = field(default_factory=dict)
    recipe_figures: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    describe: Callable[[Mapping[str, Any]], list[str]] = _no_lines
    refuse: Callable[[Mapping[str, Any]], None] = _no_refusal


def joined_figures(measures: Iterable[Measure]) -> dict[str, Any]:
    """Return the figures of all measures as one object, those of classes under ``per_class``."""
    overall: dict[str, Any] = {}
    per_class: dict[str, dict[str, Any]] = {}
    for measure in measures:
        found = measure.figures()
        overall |= found.overall
        for name, values in found.per_class.items():
            per_class.setdefault(name, {}).update(values)
    return {**overall, "per_class": per_class}


def by_class(classes: Sequence[str], **columns: Tensor) -> dict[str, dict[str, float]]:
    """Return a row a class from columns ``(C,)``.

    Example:
        >>> import torch
        >>> by_class(["cat", "dog"], ap=torch.tensor([0.5, 1.0]))
        {'cat': {'ap': 0.5}, 'dog': {'ap': 1.0}}
    """
    return {
        name: {figure: column[row].item() for figure, column in columns.items()}
        for row, name in enumerate(classes)
    }
