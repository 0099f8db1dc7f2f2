"""What a result says about any image or bag: scores, probabilities, labels, evidence of each class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Generic

from torch import Tensor

from weldon.inference.decision import Decision
from weldon.inference.evidence import Evidence, Kind, collect_evidence


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
        return dict(zip(self.classes, self.class_scores.tolist(), strict=True))

    @cached_property
    def probabilities(self) -> dict[str, float]:
        """The probability of each class: sigmoid (multilabel) or softmax (multiclass) of the scores."""
        values = self.decision.probabilities(self.class_scores)
        return dict(zip(self.classes, values.tolist(), strict=True))

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
