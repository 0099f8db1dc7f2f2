"""Measure a run on ten crops of each image: ``weldon val --ten-crops``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from rich.progress import track
from torch.utils.data import DataLoader

from weldon.data import ImageDataset, collate, encode_targets
from weldon.device import choose_device
from weldon.inference.run_directory import open_run
from weldon.inference.run_network import load_run_network
from weldon.inference.ten_crops import CROPS, TenCropTransform, ten_crop_scores
from weldon.training.answers import STDERR
from weldon.training.measured_images import choose_images
from weldon.training.measures import ClassMeasure, joined_figures
from weldon.training.prepare import choose_task
from weldon.training.recipe import build_recipe


@torch.no_grad()
def evaluate_ten_crops(
    run: str | Path,
    data: str | Path | None = None,
    *,
    labels: str | Path | None = None,
    split: str | None = None,
    crop: int | None = None,
    min_positives: int = 1,
    device: str = "auto",
    progress: bool = False,
) -> dict[str, Any]:
    """Measure a run with the scores of ten crops averaged, in place of one look at the whole image.

    Args:
        run: a run directory; it remembers its data.
        data: other labelled images; None: the run's own.
        labels: their table of labels.
        split: which images; None: the validation images of the run's own data, all of other data.
        crop: side of a view in pixels; None: the run's image size. The short side of the picture is scaled to
            8/7 of it, 256 for 224.
        min_positives: classes with fewer positives are left out of the means.
        device: where to compute, as in :func:`weldon.device.choose_device`.
        progress: show a progress bar.

    Raises:
        UsageError: no such run, or no image in the split.
    """
    chosen = choose_device(device)
    opened = open_run(run)
    recipe = build_recipe({}, opened.config)
    place, table = (None if path is None else Path(path) for path in (data, labels))
    records = choose_images(opened, recipe, place, labels=table, split=split).measured
    net = load_run_network(opened, device=chosen)
    transform = TenCropTransform(crop or recipe.image_size, None, net.backbone.mean, net.backbone.std)
    target, known = encode_targets(records, opened.class_names)
    task = choose_task(recipe.task, records)
    measure = ClassMeasure(target, known, opened.class_names, task=task, min_positives=min_positives)
    images = ImageDataset(records, opened.class_names, transform)
    size = max(1, recipe.batch_size // CROPS)
    batches = DataLoader(images, size, collate_fn=collate, num_workers=recipe.workers)
    for batch in track(batches, "ten crops", disable=not progress, console=STDERR, transient=True):
        if len(rows := batch["index"]):
            scores = ten_crop_scores(net, batch["image"].to(chosen)).float().cpu()
            measure.rows.update(scores, target[rows], known[rows], index=rows)
    return joined_figures([measure])
