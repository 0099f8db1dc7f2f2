"""Batches of cached feature maps with their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from weldon.data import Record, encode_targets
from weldon.stopping import leave_if_told

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class CachedFeatures:
    """Feature maps of a list of images.

    Args:
        maps: ``(N, h, w, F)`` float16, memory-mapped: features last, as a 1x1 convolution reads them fastest.
        masks: ``(N, h, w)`` bool, True on cells of the photograph.
        rows: position of each image's file in the two arrays; files that hold the same share one.
        lost: why the other files have no map.
    """

    maps: np.ndarray[Any, Any]
    masks: np.ndarray[Any, Any]
    rows: dict[Path, int]
    lost: dict[Path, str] = field(default_factory=dict)


class FeatureDataset(Dataset[Batch]):
    """Cached feature maps with their labels; a list of indices comes out as one batch.

    Args:
        records: N images.
        classes: C class names.
        cached: where the maps of the images are.
    """

    def __init__(self, records: Sequence[Record], classes: Sequence[str], cached: CachedFeatures) -> None:
        self.records = tuple(records)
        self.cached = cached
        self.rows = np.array([cached.rows[record.path] for record in records])
        self.target, self.known = encode_targets(records, classes)
        self.weight = torch.tensor([record.weight for record in records], dtype=torch.float32)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Batch:
        return self.__getitems__([index])

    def __getitems__(self, indices: list[int]) -> Batch:
        """Return the batch of ``indices``: features ``(N, F, h, w)``, mask ``(N, h, w)``, target, …."""
        leave_if_told()
        chosen, rows = torch.tensor(indices), self.rows[indices]
        return {
            "features": torch.from_numpy(self.cached.maps[rows]).float().permute(0, 3, 1, 2),
            "mask": torch.from_numpy(self.cached.masks[rows]),
            "target": self.target[chosen],
            "known": self.known[chosen],
            "weight": self.weight[chosen],
            "index": chosen,
        }


def keep_batch(batch: Batch) -> Batch:
    """Collate for :class:`FeatureDataset`, which hands out whole batches."""
    return batch
