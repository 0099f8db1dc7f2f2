"""A trained network that answers for labelled images, from cached feature maps where it has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from rich.console import Console
from rich.progress import track
from torch.utils.data import DataLoader

from weldon.data import Geometry, ImageDataset, Record, collate, image_size
from weldon.evaluation.measures import ImageMaps
from weldon.models import WeldonNet
from weldon.runs.recipe import Recipe
from weldon.training.features.feature_dataset import CachedFeatures, FeatureDataset, keep_batch
from weldon.training.inputs.sets import eval_transform
from weldon.training.module import score_batch

STDERR = Console(stderr=True)
MAPS_A_BATCH = 64


@dataclass(frozen=True)
class Scorer:
    """A network with all that is needed to show it images.

    Args:
        net: the network, on its device.
        recipe: what it was trained with.
        classes: C names.
        cache: feature maps of its frozen backbone; None reads images.
        progress: show a progress bar.
    """

    net: WeldonNet
    recipe: Recipe
    classes: tuple[str, ...]
    cache: CachedFeatures | None = None
    progress: bool = False

    @torch.no_grad()
    def score(self, records: Sequence[Record], *, task: str = "measuring") -> Iterator[ImageMaps]:
        """Give the answer for each image, in order; files that cannot be read are left out."""
        device = next(self.net.parameters()).device
        self.net.eval()
        batches = track(
            self._batches(records), task, disable=not self.progress, console=STDERR, transient=True
        )
        for batch in batches:
            if not len(batch["index"]):
                continue
            moved = {name: part.to(device) for name, part in batch.items() if isinstance(part, torch.Tensor)}
            scores, maps = (part.float().cpu() for part in score_batch(self.net, moved, return_maps=True))
            for row, number in enumerate(batch["index"].tolist()):
                yield ImageMaps(
                    number, records[number], scores[row], self._geometry(records[number]), maps[row]
                )

    def _geometry(self, record: Record) -> Geometry:
        return Geometry(*image_size(record.path), self.recipe.image_size, self.recipe.resize)

    def _batches(self, records: Sequence[Record]) -> DataLoader[Any]:
        if self.cache is not None:
            maps = FeatureDataset(records, self.classes, self.cache)
            return DataLoader(maps, MAPS_A_BATCH, collate_fn=keep_batch)  # type: ignore[arg-type]
        images = ImageDataset(records, self.classes, eval_transform(self.recipe, self.net))
        return DataLoader(images, self.recipe.batch_size, collate_fn=collate, num_workers=self.recipe.workers)
