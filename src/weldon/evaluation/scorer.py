"""Score labelled images, or bags, with a trained network, from cached feature maps where there are some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader

from weldon.data import Geometry, Record
from weldon.evaluation.measures.measure import ImageMaps, ImageScores
from weldon.evaluation.selection import MeasuredImages
from weldon.inference.loading import load_run_network
from weldon.models import RegionNet
from weldon.progress import tracked
from weldon.runs.recipe import Recipe
from weldon.runs.run_directory import RunDirectory
from weldon.training.features.feature_dataset import CachedFeatures, FeatureDataset, keep_batch
from weldon.training.inputs.images import IMAGES, cached_maps
from weldon.training.inputs.inputs import Inputs
from weldon.training.inputs.picture_layout import record_geometry
from weldon.training.scoring import score_batches

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

    def _forward(self, records: Sequence[Record], task: str) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Yield number, scores ``(C,)`` and maps ``(C, h, w)`` or ``(C, R)`` of what can be read."""
        batches = shown(self._batches(records), task, progress=self.progress)
        for batch, (scores, maps) in score_batches(self.net, batches):
            yield from zip(batch["index"].tolist(), scores, maps, strict=True)

    def _geometry(self, record: Record) -> Geometry:
        return record_geometry(self.recipe, self.net, record)

    def _batches(self, records: Sequence[Record]) -> Iterable[Any]:
        if self.cache is not None:
            maps = FeatureDataset(records, self.classes, self.cache)
            size = 1 if self.cache.grids is not None else MAPS_A_BATCH  # one alone keeps its grid
            return DataLoader(maps, size, collate_fn=keep_batch)  # type: ignore[arg-type]
        batches: Iterable[Any] = self.inputs.loader(self.recipe, self.net, records, self.classes)
        return batches


def open_scorer(
    run: RunDirectory, recipe: Recipe, images: MeasuredImages, *, device: str, progress: bool
) -> tuple[Scorer, MeasuredImages, tuple[str, ...]]:
    """Return what scores the images of a run, its images, and what has to be said about them.

    A frozen run has the feature maps of its own data already; its images are then those that have a map.

    Raises:
        UsageError: the run was trained on images and these are bags, or the other way round.
        DataError: a file of the run is damaged, or instances have other features than in training.
    """
    net = load_run_network(run, device=device)
    inputs, notes = images.inputs.as_trained(net)
    cache = None
    if recipe.freeze and images.own:
        cache = cached_maps(recipe, net, images.records, run.class_names)
        images = images.readable(cache.rows)
    return Scorer(net, recipe, run.class_names, cache, progress, inputs), images, notes


def shown(batches: Iterable[Any], task: str, *, progress: bool) -> Iterable[Any]:
    """Return the batches, with a progress bar on standard error if asked."""
    return tracked(batches, task, shown=progress)
