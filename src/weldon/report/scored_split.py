"""One pass of a trained run over the images of one split: what every figure of the report is made from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from rich.progress import track
from torch import Tensor
from torch.utils.data import DataLoader

from weldon.data import ImageDataset, Record, collate, read_splits
from weldon.errors import DataError, UsageError
from weldon.inference.decision import Decision
from weldon.inference.run_directory import RunDirectory
from weldon.inference.settings import read_decision
from weldon.models import WeldonNet, load_model
from weldon.training.feature_cache import FeatureDataset, take_whole
from weldon.training.prepare import Prepared, prepare
from weldon.training.recipe import Recipe, build_recipe
from weldon.training.scoring import ScoredSet, score_set
from weldon.training.sets import cached_maps, eval_transform


@dataclass(frozen=True, eq=False)
class ScoredSplit:
    """The images of one split with their scores.

    Args:
        run: where everything lies.
        split: ``train``, ``val`` or ``test``.
        recipe: what the run was trained with.
        net: its best weights.
        prepared: all images of its data.
        decision: classes, thresholds and task.
        records: the N images that could be read, in the order of the rows.
        scored: scores and labels of these N images.
    """

    run: RunDirectory
    split: str
    recipe: Recipe
    net: WeldonNet
    prepared: Prepared
    decision: Decision
    records: tuple[Record, ...]
    scored: ScoredSet

    @property
    def classes(self) -> tuple[str, ...]:
        """The C class names."""
        return self.decision.classes

    @cached_property
    def thresholds(self) -> Tensor:
        """``(C,)`` score from which each class is predicted."""
        return torch.tensor([self.decision.thresholds.get(name, 0.0) for name in self.classes])

    @property
    def training_records(self) -> tuple[Record, ...]:
        """The images that taught the network which classes go together."""
        return self.prepared.train


def score_split(run: RunDirectory, split: str, *, device: str = "cpu", progress: bool = False) -> ScoredSplit:
    """Score every image of a split once, from cached feature maps where the run has them.

    Raises:
        UsageError: the split has no images, or training did not finish.
        DataError: none of its images can be read.
    """
    decision = read_decision(run)
    recipe = build_recipe({}, run.config)
    prepared = prepare(recipe)
    written = read_splits(run.splits)
    records = [record for record in prepared.records if written.get(record.file_name) == split]
    if not records:
        found = ", ".join(sorted(set(written.values()) - {""}))
        raise UsageError(f"split must be one with images ({found}), got {split!r}")
    net = load_model(run.best, device=device)
    readable, loader = _open_images(recipe, net, prepared, records, decision.classes)
    if not readable:
        raise DataError(f"none of the {len(records)} images of the split {split!r} can be read")
    batches: Iterable[Any] = track(loader, "scoring", transient=True) if progress else loader
    scored = score_set(net, batches)
    kept = tuple(readable[row] for row in scored.index.tolist())
    return ScoredSplit(run, split, recipe, net, prepared, decision, kept, scored)


def _open_images(
    recipe: Recipe, net: WeldonNet, prepared: Prepared, records: list[Record], classes: tuple[str, ...]
) -> tuple[list[Record], DataLoader[Any]]:
    if recipe.freeze:
        cache = cached_maps(recipe, net, prepared.records, classes)
        records = [record for record in records if record.path in cache.rows]
        return records, DataLoader(FeatureDataset(records, classes, cache), 64, collate_fn=take_whole)  # type: ignore[arg-type]
    images = ImageDataset(records, classes, eval_transform(recipe, net))
    return records, DataLoader(images, recipe.batch_size, collate_fn=collate, num_workers=recipe.workers)
