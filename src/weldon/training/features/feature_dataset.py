"""Batches of cached feature maps with their labels."""

from __future__ import annotations

import mmap
from collections.abc import Mapping, Sequence
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


MOST_NUMBERS = 1 << 28  # of maps that are scored at once, a gigabyte


@dataclass(frozen=True)
class CachedFeatures:
    """Feature maps of a list of images.

    Args:
        maps: ``(N, h, w, F)`` float16, memory-mapped: features last, as a 1x1 convolution reads them fastest.
        masks: ``(N, h, w)`` bool, True on cells of the photograph.
        rows: position of each image's file in the two arrays; files that hold the same share one.
        lost: why the other files have no map.
        grids: rows and columns of each map, by its position, where they are of different sizes; such a map
            lies in several rows ``(1, cells, F)``, the last of them filled up.
    """

    maps: np.ndarray[Any, Any]
    masks: np.ndarray[Any, Any]
    rows: dict[Path, int]
    lost: dict[Path, str] = field(default_factory=dict)
    grids: Mapping[int, tuple[int, int]] | None = None

    def cells(self, row: int) -> np.ndarray[Any, Any]:
        """Return the features of the real cells of one image, ``(R, F)`` float16, row after row."""
        if self.grids is None:
            return np.asarray(self.maps[row][self.masks[row]])
        height, width = self.grids[row]
        _, _, block, features = self.maps.shape
        rows = self.maps[row : row - (-height * width // block)]
        return rows.reshape(-1, features)[: height * width]

    def batch(self, rows: np.ndarray[Any, Any]) -> tuple[Tensor, Tensor]:
        """Return features ``(N, F, h, w)`` float16 and a mask ``(N, h, w)`` of the images at these positions.

        They stay in the precision in which they are stored; what reads them widens them piece by piece.
        Images of different sizes come as bags of cells: ``h`` is then the number of cells of the largest,
        ``w`` is 1, and the others are padded.
        """
        if self.grids is None:
            ask_for_rows(self.maps, rows)
            features = torch.from_numpy(self.maps[rows])
            return features.permute(0, 3, 1, 2), torch.from_numpy(self.masks[rows])
        grids = [self.grids[row] for row in rows.tolist()]
        height, width = grids[0] if len(set(grids)) == 1 else (max(h * w for h, w in grids), 1)
        padded = torch.zeros(
            len(grids), height * width, self.maps.shape[-1], dtype=torch.float16
        )  # (N, R, F)
        mask = torch.zeros(len(grids), height * width, dtype=torch.bool)
        for place, row in enumerate(rows.tolist()):
            cells = self.cells(row)
            padded[place, : len(cells)] = torch.from_numpy(np.array(cells))
            mask[place, : len(cells)] = True
        maps = padded.view(len(grids), height, width, -1).permute(0, 3, 1, 2)
        return maps, mask.view(len(grids), height, width)

    @property
    def at_once(self) -> int:
        """How many images fit into a gigabyte, one at the least."""
        cells = self.masks[0].size if self.grids is None else max(h * w for h, w in self.grids.values())
        return max(1, MOST_NUMBERS // int(cells * self.maps.shape[-1]))


def ask_for_rows(maps: np.ndarray[Any, Any], rows: np.ndarray[Any, Any]) -> None:
    """Tell the system that rows of a memory-mapped array are wanted: a disk reads them all at once.

    Without it each row is waited for alone, in the random order of an epoch. Of an array that is not mapped,
    or where the system takes no advice, nothing happens.
    """
    file = getattr(maps, "_mmap", None)
    if file is None or not hasattr(file, "madvise"):
        return
    first = maps.offset % mmap.ALLOCATIONGRANULARITY  # type: ignore[attr-defined]  # of a memmap
    size = maps.strides[0]
    for row in rows.tolist():
        start = first + row * size
        page = start - start % mmap.PAGESIZE
        file.madvise(mmap.MADV_WILLNEED, page, start + size - page)


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
        features, mask = self.cached.batch(rows)
        return {
            "features": features,
            "mask": mask,
            "target": self.target[chosen],
            "known": self.known[chosen],
            "weight": self.weight[chosen],
            "index": chosen,
        }


def keep_batch(batch: Batch) -> Batch:
    """Collate for :class:`FeatureDataset`, which hands out whole batches."""
    return batch
