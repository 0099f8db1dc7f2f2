"""Which instances of a bag speak for an answer and which against it, with the sum written out."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from weldon.choice import unknown_name
from weldon.pooling.regions import weighted_places
from weldon.structured.latent import region_weights


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance as a piece of evidence; ``contribution = weight * score``."""

    index: int
    score: float
    weight: float
    contribution: float


@dataclass(frozen=True, eq=False)
class BagEvidence:
    """What the R instances of one bag say about each of C classes.

    Args:
        classes: the C classes, in the order of the columns.
        scores: ``(C,)`` score of the bag.
        instance_scores: ``(R, C)`` score of each instance, F.
        positive: ``(R, C)`` weight of each instance as evidence for, at least 0.
        negative: ``(R, C)`` weight of each instance as evidence against, at least 0.
    """

    classes: tuple[Hashable, ...]
    scores: np.ndarray
    instance_scores: np.ndarray
    positive: np.ndarray
    negative: np.ndarray

    def score(self, label: Hashable) -> float:
        """Score of the bag for this class."""
        return float(self.scores[self._column(label)])

    def top(self, label: Hashable) -> tuple[Instance, ...]:
        """The instances that enter the score as evidence for, the one of the highest score first."""
        return self._chosen(label, self.positive, highest=True)

    def low(self, label: Hashable) -> tuple[Instance, ...]:
        """The instances that enter the score as evidence against, the one of the lowest score first."""
        return self._chosen(label, self.negative, highest=False)

    def remainder(self, label: Hashable) -> float:
        """What the contributions leave of the score: 0 but for rounding, unless the pooling is a soft one."""
        parts = sum(instance.contribution for instance in (*self.top(label), *self.low(label)))
        return self.score(label) - parts

    def _chosen(self, label: Hashable, weights: np.ndarray, *, highest: bool) -> tuple[Instance, ...]:
        column = self._column(label)
        scores, shares = self.instance_scores[:, column], weights[:, column]
        rows = weighted_places(torch.as_tensor(scores), torch.as_tensor(shares), highest_first=highest)
        return tuple(
            Instance(row, float(scores[row]), float(shares[row]), float(scores[row] * shares[row]))
            for (row,) in rows
        )

    def _column(self, label: Hashable) -> int:
        for column, name in enumerate(self.classes):
            if name == label:
                return column
        raise unknown_name("`label`", label, map(str, self.classes))


def bag_evidence(flat: Tensor, pool: nn.Module, classes: tuple[Any, ...]) -> BagEvidence:
    """Weigh the instances of one bag.

    Args:
        flat: ``(R, C)`` scores of its instances.
        pool: a pooling with ``region_weights``.
        classes: what the C columns stand for.

    Raises:
        UsageError: a pooling that cannot say which regions it used.

    Example:
        >>> from weldon.pooling import WeldonPool
        >>> found = bag_evidence(torch.tensor([[3.0], [0.5], [-2.0]]), WeldonPool(), ("cat",))
        >>> found.score("cat"), found.top("cat")[0].index, found.low("cat")[0]
        (0.5, 0, Instance(index=2, score=-2.0, weight=0.5, contribution=-1.0))
    """
    scores = flat.T.unsqueeze(0)  # (R, C) -> (1, C, R)
    with torch.no_grad():
        positive, negative = region_weights(pool, scores, None)
        pooled = pool(scores)
        maps = pool.class_maps(scores)  # type: ignore[operator]
    return BagEvidence(
        classes, pooled[0].numpy(), maps[0].T.numpy(), positive[0].T.numpy(), negative[0].T.numpy()
    )
