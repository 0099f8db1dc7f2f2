"""Cached maps that are made up: a class shows in one cell of a picture, the others are noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from weldon.data import Record
from weldon.training.feature_dataset import CachedFeatures, FeatureDataset

CLASSES = ("cat", "dog", "cow")


def made_up_maps(images: int, *, seed: int = 0, side: int = 4, features: int = 16, scale: float = 1.0):
    """Return a dataset of ``images`` with classes that can be learnt, but not without fault."""
    random = np.random.default_rng(seed)
    present = random.random((images, len(CLASSES))) < 0.4
    maps = random.normal(0.0, 1.0, (images, side, side, features))
    for image, label in zip(*np.nonzero(present), strict=True):
        row, column = random.integers(side, size=2)
        maps[image, row, column, label] += 5.0
    records = [
        Record(Path(f"{n}.jpg"), f"{n}.jpg", frozenset(np.array(CLASSES)[row]), split="train")
        for n, row in enumerate(present)
    ]
    masks = np.ones((images, side, side), bool)
    rows = {record.path: n for n, record in enumerate(records)}
    cached = CachedFeatures((maps * scale).astype(np.float16), masks, rows)
    return FeatureDataset(records, CLASSES, cached)
