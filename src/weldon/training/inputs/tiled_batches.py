"""Batches of large pictures, one each: what the transfer layer gives at every cell, and the labels."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import torch

from weldon.data import ImageDataset
from weldon.data.tiles import Tiling
from weldon.data.windows import open_windows
from weldon.errors import DataError
from weldon.losses import Batch
from weldon.models import WeldonNet
from weldon.models.stitched import stitched_regions


class TiledBatches:
    """Pictures in their order, each seen by tiles when it is asked for; files that cannot be read are named.

    Args:
        net: in evaluation mode, on its device.
        images: with their labels.
        tiling: how pictures are cut.
    """

    def __init__(self, net: WeldonNet, images: ImageDataset, tiling: Tiling) -> None:
        self.net, self.images, self.tiling = net, images, tiling

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[Batch]:
        """Yield ``regions`` ``(1, C·M, h, w)``, ``mask`` ``(1, h, w)``, and what is known of the picture."""
        images = self.images
        for number, record in enumerate(images.records):
            try:
                with open_windows(record.path, self.tiling.window) as picture:
                    regions = stitched_regions(self.net, picture, self.tiling)
            except DataError as error:
                warnings.warn(f"skipped: {error}", RuntimeWarning, stacklevel=2)
                continue
            yield {
                "regions": regions,
                "mask": torch.ones(1, *regions.shape[2:], dtype=torch.bool),
                "target": images.targets[[number]],
                "known": images.known[[number]],
                "weight": torch.tensor([record.weight]),
                "index": torch.tensor([number]),
            }
