"""A trained network that answers for labelled images, from cached feature maps where it has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor
from torch.utils.data import DataLoader

from weldon.data import Geometry, Record, image_size
from weldon.evaluation.measures import ImageMaps, ImageScores
from weldon.models import RegionNet
from weldon.runs.recipe import Recipe
from weldon.training.features.feature_dataset import CachedFeatures, FeatureDataset, keep_batch
from weldon.training.inputs.images import IMAGES
from weldon.training.inputs.inputs import Inputs
from weldon.training.scoring import score_batch

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
        inputs: what the records are.
    """

    net: RegionNet
    recipe: Recipe
    classes: tuple[str, ...]
    cache: CachedFeatures | None = None
    progress: bool = False
    inputs: Inputs = IMAGES

    def score(self, records: Sequence[Record], *, task: str = "measuring") -> Iterator[ImageMaps]:
        """Give the answer for each image, in order; files that cannot be read are left out."""
        for number, scores, maps in self._forward(records, task):
            record = records[number]
            yield ImageMaps(number, record, scores, self._geometry(record), maps)

    def scores(self, records: Sequence[Record], *, task: str = "measuring") -> Iterator[ImageScores]:
        """Give the scores alone for each image, or each bag."""
        for number, scores, _ in self._forward(records, task):
            yield ImageScores(number, records[number], scores)

    @torch.no_grad()
    def _forward(self, records: Sequence[Record], task: str) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Yield number, scores ``(C,)`` and maps ``(C, h, w)`` or ``(C, R)`` of what can be read."""
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
            yield from zip(batch["index"].tolist(), scores, maps, strict=True)

    def _geometry(self, record: Record) -> Geometry:
        return Geometry(*image_size(record.path), self.recipe.image_size, self.recipe.resize)

    def _batches(self, records: Sequence[Record]) -> Iterable[Any]:
        if self.cache is not None:
            maps = FeatureDataset(records, self.classes, self.cache)
            return DataLoader(maps, MAPS_A_BATCH, collate_fn=keep_batch)  # type: ignore[arg-type]
        batches: Iterable[Any] = self.inputs.loader(self.recipe, self.net, records, self.classes)
        return batches
