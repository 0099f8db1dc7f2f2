"""Measure a trained run: ``weldon val``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from rich.progress import track
from torch.utils.data import DataLoader

from weldon.data import (
    Box,
    Geometry,
    ImageDataset,
    Record,
    collate,
    encode_targets,
    image_size,
    read_boxes,
    read_splits,
)
from weldon.errors import UsageError
from weldon.inference.run_directory import RunDirectory, open_run
from weldon.models import WeldonNet, load_model
from weldon.training.feature_cache import CachedFeatures, FeatureDataset, take_whole
from weldon.training.measures import ClassMeasure, Measure, PointMeasure
from weldon.training.module import score_batch
from weldon.training.prepare import Prepared, choose_task, prepare, read_recipe_labels
from weldon.training.recipe import Recipe, build_recipe
from weldon.training.sets import cached_maps, eval_transform


def evaluate(
    run: str | Path | RunDirectory,
    data: str | Path | None = None,
    *,
    labels: str | Path | None = None,
    split: str | None = None,
    boxes: str | Path | Mapping[str, Sequence[Box]] | None = None,
    min_positives: int = 1,
    device: str = "cpu",
    progress: bool = False,
) -> dict[str, Any]:
    """Measure a run on labelled images and return the figures, shares in 0–1.

    Args:
        run: a run directory; it remembers its data.
        data: other labelled images; None: the run's own.
        labels: their table of labels.
        split: which images; None: the validation images of the run's own data, all of other data.
        boxes: true boxes for localisation, never used in training: COCO json, a folder of VOC XML, or boxes
            by file name.
        min_positives: classes with fewer positives are left out of the means.
        device: where to compute.
        progress: show a progress bar.

    Raises:
        UsageError: no such run, or no image in the split.
    """
    run = run if isinstance(run, RunDirectory) else open_run(run)
    recipe = build_recipe({}, run.config)
    net = load_model(run.best, device=device)
    cache = None
    if data is None:
        prepared = prepare(recipe)
        written = read_splits(run.splits)
        records = [record for record in prepared.records if written.get(record.file_name) == (split or "val")]
        if recipe.freeze:
            cache = cached_maps(recipe, net, prepared.records, prepared.classes)
            records = [record for record in records if record.path in cache.rows]
    else:
        found = read_recipe_labels(
            recipe, Path(data), Path(labels) if labels is not None else None, run.class_names
        )
        records = [record for record in found.records if split is None or record.split == split]
    if not records:
        raise UsageError(f"split must be one with images, got {split!r} for {data or recipe.data}")
    target, known = encode_targets(records, run.class_names)
    task = choose_task(recipe.task, records)
    measures: list[Measure] = [
        ClassMeasure(target, known, run.class_names, task=task, min_positives=min_positives)
    ]
    truth = _true_boxes(records, boxes)
    if truth:
        measures.append(PointMeasure(truth, run.class_names, min_positives=min_positives))
    loader = _loader(net, recipe, records, run.class_names, cache)
    measure_all(net, recipe, records, loader, measures, progress=progress)
    return {name: value for measure in measures for name, value in measure.result().items()}


@torch.no_grad()
def measure_all(
    net: WeldonNet,
    recipe: Recipe,
    records: Sequence[Record],
    loader: DataLoader[Any],
    measures: Sequence[Measure],
    *,
    progress: bool = False,
) -> None:
    """Run the network over ``records`` once and show every image to every measure."""
    device = next(net.parameters()).device
    net.eval()
    for batch in track(loader, "measuring", disable=not progress):
        moved = {name: value.to(device) for name, value in batch.items() if isinstance(value, torch.Tensor)}
        scores, maps = (part.float().cpu() for part in score_batch(net, moved, return_maps=True))
        for row, number in enumerate(batch["index"].tolist()):
            record = records[number]
            geometry = Geometry(*image_size(record.path), recipe.image_size, recipe.resize)
            for measure in measures:
                measure.update(number, record.file_name, geometry, scores[row], maps[row])


def _loader(
    net: WeldonNet,
    recipe: Recipe,
    records: Sequence[Record],
    classes: Sequence[str],
    cache: CachedFeatures | None,
) -> DataLoader[Any]:
    if cache is not None:
        return DataLoader(FeatureDataset(records, classes, cache), 64, collate_fn=take_whole)
    images = ImageDataset(records, classes, eval_transform(recipe, net))
    return DataLoader(images, recipe.batch_size, collate_fn=collate, num_workers=recipe.workers)


def _true_boxes(
    records: Sequence[Record], boxes: str | Path | Mapping[str, Sequence[Box]] | None
) -> Mapping[str, Sequence[Box]]:
    if isinstance(boxes, Mapping):
        return boxes
    if boxes is not None:
        truth: Mapping[str, Sequence[Box]] = read_boxes(Path(boxes))
        return truth
    return {r.file_name: r.boxes for r in records if r.boxes is not None}
