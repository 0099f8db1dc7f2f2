"""Small sets of bags whose labels follow from planted instances."""

from __future__ import annotations

import numpy as np
import torch

from weldon.structured import BagDataset


def planted_bags(
    count: int,
    classes: int,
    *,
    features: int = 6,
    seed: int = 0,
    sizes: tuple[int, int] = (4, 10),
    signal: float = 5.0,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Bags with one instance that shows their class, and often one that contradicts another class."""
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=count)
    bags = []
    for label in labels:
        bag = random.normal(size=(random.integers(*sizes), features))
        bag[0, label] += signal
        if random.random() < 0.5:
            bag[1, (label + 1) % classes] -= signal
        bags.append(random.permutation(bag))  # no place tells which instance was planted
    return bags, labels


def planted_problem(count: int, classes: int, **options) -> tuple[BagDataset, torch.Tensor]:
    bags, labels = planted_bags(count, classes, **options)
    return BagDataset.from_list(bags), torch.from_numpy(labels)
