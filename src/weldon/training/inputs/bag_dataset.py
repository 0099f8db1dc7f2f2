"""Make padded batches of labelled bags, and measure mean and deviation of their instances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from weldon.data import Record, encode_targets
from weldon.data.bags.bag_source import BagSource
from weldon.progress import tracked

Batch = dict[str, Tensor]


class LabelledBags(Dataset[Batch]):
    """Bags with their labels; a list of indices comes out as one batch.

    Args:
        records: N bags; their paths are those of ``bags``.
        classes: C class names.
        bags: where the instances are.
    """

    def __init__(self, records: Sequence[Record], classes: Sequence[str], bags: BagSource) -> None:
        self.records, self.bags = tuple(records), bags
        self.target, self.known = encode_targets(records, classes)
        self.weight = torch.tensor([record.weight for record in records], dtype=torch.float32)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> Batch:
        return self.__getitems__([index])

    def __getitems__(self, indices: list[int]) -> Batch:
        """Return the batch of ``indices``: bag ``(N, F, R)``, padded, mask ``(N, R)``, target, …."""
        chosen = torch.tensor(indices)
        bag, mask = pad_bags([self.bags.read(self.records[index].path) for index in indices])
        return {
            "bag": bag,
            "mask": mask,
            "target": self.target[chosen],
            "known": self.known[chosen],
            "weight": self.weight[chosen],
            "index": chosen,
        }


def pad_bags(bags: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Return bags as one array, the shorter padded, and which instances are real.

    Args:
        bags: N arrays ``(R_i, F)`` float32.

    Returns:
        ``(N, F, R)`` float32 and ``(N, R)`` bool, R being the largest bag's.

    Example:
        >>> padded, mask = pad_bags([np.ones((2, 3), np.float32), np.ones((1, 3), np.float32)])
        >>> padded.shape, mask.tolist()
        (torch.Size([2, 3, 2]), [[True, True], [True, False]])
    """
    sizes = torch.tensor([len(bag) for bag in bags])
    padded = torch.zeros(len(bags), int(sizes.max()), bags[0].shape[1])  # (N, R, F)
    for row, bag in enumerate(bags):
        padded[row, : len(bag)] = torch.from_numpy(bag)
    return padded.mT, torch.arange(padded.shape[1]) < sizes[:, None]


def instance_moments(records: Sequence[Record], bags: BagSource) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation ``(F,)`` of all instances, each counted once.

    Raises:
        DataError: an instance that is not finite.
    """
    count, mean, squares = 0, np.zeros(bags.num_features), np.zeros(bags.num_features)
    for record in tracked(records, "reading bags", shown=len(records) >= 100):
        values = bags.read(record.path).astype(np.float64)  # (R, F)
        share = len(values) / (count + len(values))
        gap = values.mean(0) - mean
        squares += values.var(0) * len(values) + gap**2 * count * share  # Chan's update: no cancellation
        mean, count = mean + gap * share, count + len(values)
    return torch.from_numpy(mean).float(), torch.from_numpy(np.sqrt(squares / count)).float()
