"""Choose images that are worth a label and unlike each other: uncertainty times distance, greedily.

The greedy k-centre choice is that of Sener and Savarese, "Active learning for convolutional neural networks:
a core-set approach" (ICLR 2018); here each distance is weighted by the uncertainty of the image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from weldon.training.features.feature_dataset import FeatureDataset

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Pick:
    """A chosen image.

    Args:
        place: its row.
        distance: to the nearest centre when it was taken, in 0-2.
        nearest: that centre: a row of the labelled images, or their number plus the rank of an earlier pick.
    """

    place: int
    distance: float
    nearest: int


def uncertainty(probabilities: Tensor, task: str) -> Tensor:
    """Return how unsure probabilities are ``(N,)``, in 0-1: 0 where each of them is 0 or 1.

    For several labels an image the mean over the classes of the entropy of yes and no, in bits; for one label
    the entropy over the classes, as a share of the highest it can have.

    Args:
        probabilities: ``(N, C)`` float: each class on its own (``multilabel``), or classes that share 1
            (``multiclass``). Scores are none: those of a loss that ranks have a scale of their own.
        task: which of the two.

    Example:
        >>> uncertainty(torch.tensor([[0.5, 0.5], [0.5, 1.0], [0.0, 1.0]]), "multilabel")
        tensor([1.0000, 0.5000, 0.0000], dtype=torch.float64)
    """
    chance = probabilities.double()
    if task == "multiclass":
        entropy: Tensor = torch.special.entr(chance).sum(1)
        return entropy / math.log(max(2, chance.shape[1]))
    nats: Tensor = torch.special.entr(chance) + torch.special.entr(1 - chance)
    return nats.mean(1) / math.log(2)


def pooled_features(dataset: FeatureDataset) -> NDArray[np.float32]:
    """Return the mean feature over the real cells of each image, ``(N, F)``, of length 1."""
    cached = dataset.cached
    means = np.stack([np.asarray(cached.cells(row), np.float32).mean(0) for row in dataset.rows.tolist()])
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return np.asarray(means / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)


def far_apart(pool: Floats, centres: Floats, weight: Floats, count: int) -> list[Pick]:
    """Take, ``count`` times, the image with the highest weight times distance to the nearest centre.

    What is taken is a centre from then on, so of two images that are alike the second counts little. With no
    centre at all, the first one taken has the highest weight.

    Args:
        pool: ``(N, F)``, the images to choose from.
        centres: ``(M, F)``, the images that are labelled, M may be 0.
        weight: ``(N,)``, at least 0.
        count: how many; fewer are returned where no other image is left that differs from all centres.

    Example:
        >>> pool = np.array([[0.0], [3.0], [3.1], [1.0]])
        >>> [pick.place for pick in far_apart(pool, np.array([[0.0]]), np.ones(4), 2)]
        [2, 3]
    """
    nearest = np.zeros(len(pool), int)
    distance = np.full(len(pool), np.inf)
    for place, centre in enumerate(centres):
        _draw_near(distance, nearest, pool, centre, place)
    picks: list[Pick] = []
    for rank in range(min(count, len(pool))):
        worth = weight * np.where(np.isinf(distance), 1.0, distance)
        place = int(worth.argmax())
        if worth[place] <= 0:
            break
        picks.append(Pick(place, float(distance[place]), int(nearest[place])))
        _draw_near(distance, nearest, pool, pool[place], len(centres) + rank)
        distance[place] = 0.0
    return picks


def _draw_near(distance: Floats, nearest: NDArray[np.int_], pool: Floats, centre: Floats, place: int) -> None:
    """Update the distances to the nearest centre, now that there is one more."""
    new = np.linalg.norm(pool - centre, axis=1)
    closer = new < distance
    distance[closer], nearest[closer] = new[closer], place
