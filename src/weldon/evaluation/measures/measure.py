"""What a measure sees of each image, and what it answers in the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from weldon.data import Geometry, Record


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
    """Looks at one image after another, then scorer."""

    def update(self, answer: ImageMaps) -> None:
        """Take in one image."""

    def figures(self) -> Figures:
        """Return what was found."""


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
