"""Photographs as bags: an instance for each cell of a frozen backbone's map that shows the photograph."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import weldon
from photographs import MOBILENET, VOC, voc_table
from weldon.data import Record
from weldon.runs.recipe import Recipe
from weldon.structured import BagDataset
from weldon.training.features.feature_dataset import CachedFeatures, FeatureDataset
from weldon.training.inputs.images import cached_maps
from weldon.training.inputs.prepare import prepare


@dataclass(frozen=True)
class LabelledBags:
    """N images: their regions, and their labels ``(N, C)``, 1 present, 0 absent and NaN unknown."""

    bags: BagDataset
    labels: np.ndarray


def voc_bags(image_size: int) -> dict[str, LabelledBags]:
    """VOC 2012 animals as the frozen MobileNetV2 sees it: train, the fifth held back as val, and test."""
    with tempfile.TemporaryDirectory() as folder:
        table = voc_table(Path(folder) / "labels.csv")
        recipe = Recipe(
            data=VOC / "JPEGImages",
            labels=table,
            weights=str(MOBILENET),
            freeze=True,
            image_size=image_size,
            task="multilabel",
        )
        prepared = prepare(recipe)
    net = weldon.create_model(None, len(prepared.classes), weights=MOBILENET)
    cached = cached_maps(recipe, net, prepared.records, prepared.classes)
    parts = {"train": prepared.train, "val": prepared.val, "test": prepared.test}
    return {name: _read(records, prepared.classes, cached) for name, records in parts.items()}


def _read(records: Sequence[Record], classes: Sequence[str], cached: CachedFeatures) -> LabelledBags:
    images = FeatureDataset(records, classes, cached)
    shown = cached.masks[images.rows]  # (N, h, w)
    offsets = np.concatenate([[0], np.cumsum(shown.sum(axis=(1, 2)))])
    values = np.empty((offsets[-1], cached.maps.shape[-1]), dtype=np.float32)
    for number, row in enumerate(images.rows):
        values[offsets[number] : offsets[number + 1]] = cached.maps[row][shown[number]]
    labels = np.where(images.known.numpy(), images.target.numpy(), np.nan)
    return LabelledBags(BagDataset(values, offsets), labels)
