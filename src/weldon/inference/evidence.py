"""Scores, labels and evidence of any image or bag: the regions for and against a class, and their weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Generic

from torch import Tensor
from typing_extensions import TypeVar

from weldon.choice import NamedValues
from weldon.inference.decision import Decision
from weldon.pooling.regions import weighted_places


class Weighted(ABC):
    """A region and its part in the score of a class.

    Attributes:
        score: what the network gives this region for the class, F(x, y, h).
        weight: the region's weight in the score of the image or bag.
    """

    __slots__ = ()
    score: float
    weight: float

    @property
    def contribution(self) -> float:
        """What the region adds to the score: weight times score."""
        return self.weight * self.score

    @property
    def speaks(self) -> str:
        """``for`` the class, or ``against`` it where the score is below zero; on either side of the sum."""
        return "against" if self.score < 0 else "for"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, the contribution included."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return {**plain, "contribution": self.contribution}


Kind = TypeVar("Kind", bound=Weighted, default="Region")


@dataclass(frozen=True, slots=True)
class Region(Weighted):
    """One cell of a class map and its part in the score.

    Args:
        box: x1, y1, x2, y2 in pixels of the upright original image.
        row: of the cell in the map, from the top.
        col: of the cell in the map, from the left.
        score: what the network gives this region for the class, F(x, y, h).
        weight: the region's weight in the score of the image.
    """

    box: tuple[float, float, float, float]
    row: int
    col: int
    score: float
    weight: float


@dataclass(frozen=True, slots=True)
class NamedInstance(Weighted):
    """One instance of a bag and its part in the score.

    Args:
        instance: its name.
        score: what the network gives it for the class.
        weight: its weight in the score of the bag.
    """

    instance: str
    score: float
    weight: float


@dataclass(frozen=True, slots=True)
class Evidence(Generic[Kind]):
    """How the score of one class came about: ``score = top + low + remainder``.

    Args:
        class_name: the class.
        score: of the whole image or bag.
        top: the highest regions, highest first: they count as evidence for the class.
        low: the lowest regions, lowest first: they count as evidence against it, and yet may all speak for it
            (:attr:`Weighted.speaks`).
        remainder: what the regions do not add up to: 0 (rounding) for poolings that average regions, the
            smoothing term for those that bend them (lse, generalised).
    """

    class_name: str
    score: float
    top: tuple[Kind, ...]
    low: tuple[Kind, ...]
    remainder: float

    @property
    def top_sum(self) -> float:
        """What the regions for the class add to its score."""
        return sum_of_parts(self.top)

    @property
    def low_sum(self) -> float:
        """What the regions against the class add to its score: below zero where they speak against it."""
        return sum_of_parts(self.low)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, the sums of both sides included."""
        return {
            "score": self.score,
            "top": [region.to_dict() for region in self.top],
            "low": [region.to_dict() for region in self.low],
            "top_sum": self.top_sum,
            "low_sum": self.low_sum,
            "remainder": self.remainder,
        }


def sum_of_parts(regions: Iterable[Weighted]) -> float:
    """Add up the contributions of regions."""
    return sum(region.contribution for region in regions)


def collect_evidence(
    class_name: str,
    score: float,
    class_map: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    region: Callable[[tuple[int, ...], float, float], Kind],
) -> Evidence[Kind]:
    """Gather the regions with a weight in the score.

    Args:
        class_name: the class.
        score: of the image or bag for that class.
        class_map: ``(h, w)`` or ``(R,)`` float, a score per region.
        positive: of the same shape, at least 0, weights as evidence for (``pooling.region_weights``).
        negative: of the same shape, at least 0, weights as evidence against.
        region: makes one from its place in the map, its score and its weight.

    Example:
        >>> import torch
        >>> for_, against = torch.tensor([0.5, 0.0]), torch.tensor([0.0, 0.5])
        >>> evidence = collect_evidence("cat", 1.5, torch.tensor([4.0, -1.0]), for_, against,
        ...                             region=lambda place, *part: NamedInstance("ab"[place[0]], *part))
        >>> evidence.top[0], evidence.top_sum, evidence.low_sum, evidence.remainder
        (NamedInstance(instance='a', score=4.0, weight=0.5), 2.0, -0.5, 0.0)
    """
    top = _weighted_regions(class_map, positive, region, highest_first=True)
    low = _weighted_regions(class_map, negative, region, highest_first=False)
    return Evidence(class_name, score, top, low, score - sum_of_parts(top) - sum_of_parts(low))


def _weighted_regions(
    class_map: Tensor,
    weights: Tensor,
    region: Callable[[tuple[int, ...], float, float], Kind],
    *,
    highest_first: bool,
) -> tuple[Kind, ...]:
    places = weighted_places(class_map, weights, highest_first=highest_first)
    return tuple(region(place, float(class_map[place]), float(weights[place])) for place in places)


class RegionResult(ABC, Generic[Kind]):
    """The answer for one image or one bag, from one forward pass; ``Kind`` is what its regions are.

    Attributes:
        decision: what the scores mean: classes, thresholds, task.
        class_scores: ``(C,)`` float.
        class_maps: ``(C, h, w)`` or ``(C, R)`` float, a score per region, signed.
        positive: of the same shape, weights of the regions as evidence for.
        negative: of the same shape, weights of the regions as evidence against.
    """

    decision: Decision
    class_scores: Tensor
    class_maps: Tensor
    positive: Tensor
    negative: Tensor

    @property
    @abstractmethod
    def name(self) -> str:
        """The name under which results are written."""

    @abstractmethod
    def region(self, place: tuple[int, ...], score: float, weight: float) -> Kind:
        """Return the region at a place of the maps, with its part in a score."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the network's outputs."""
        return self.decision.classes

    @cached_property
    def scores(self) -> dict[str, float]:
        """The score of each class."""
        return NamedValues(zip(self.classes, self.class_scores.tolist(), strict=True))

    @cached_property
    def probabilities(self) -> dict[str, float]:
        """The probability of each class: sigmoid (multilabel) or softmax (multiclass) of the scores."""
        values = self.decision.probabilities(self.class_scores)
        return NamedValues(zip(self.classes, values.tolist(), strict=True))

    @cached_property
    def labels(self) -> list[str]:
        """The predicted classes, best first."""
        return self.decision.labels(self.class_scores)

    @property
    def shown(self) -> list[str]:
        """The predicted classes, or the one with the highest score where none is predicted."""
        return self.labels or [max(self.scores, key=lambda name: self.scores[name])]

    def evidence(self, class_name: str) -> Evidence[Kind]:
        """Return the regions that enter the score of a class, with their weights."""
        index = self.decision.index(class_name)
        score = float(self.class_scores[index])
        values, positive, negative = (part[index] for part in (self.class_maps, self.positive, self.negative))
        return collect_evidence(class_name, score, values, positive, negative, region=self.region)
