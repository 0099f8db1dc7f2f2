"""PASCAL VOC 2007 with wrong labels planted in its training images, as cached maps.

The maps are made smaller: each two by two cells become their mean, and of the 1,280 features the first 256
directions are kept. A head then learns about fifteen times faster, and a benchmark of hundreds of heads is
possible on a part of one core. ``FEATURES = None`` takes the maps whole.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photographs import DATA
from weldon.data import Record, read_labels
from weldon.data.public.voc import VOC_CLASSES
from weldon.files import replacing
from weldon.models import RegionNet, create_model
from weldon.runs.recipe import Recipe
from weldon.runs.recipe_file import build_recipe
from weldon.training.features.disk_room import cache_folder
from weldon.training.features.feature_dataset import CachedFeatures, FeatureDataset
from weldon.training.head_search import mean_squared_norm, setting_at
from weldon.training.heads import Setting
from weldon.training.inputs.images import cached_maps
from weldon.training.run_loss import build_objective

VOC2007 = DATA / "voc2007"
FEATURES: int | None = 256
Cells = NDArray[np.bool_]


@dataclass(frozen=True)
class Photographs:
    """Images of VOC 2007 train and val, their labels and maps; what is only difficult is unknown."""

    records: tuple[Record, ...]
    classes: tuple[str, ...]
    net: RegionNet
    cached: CachedFeatures
    recipe: Recipe

    def dataset(self, records: Sequence[Record]) -> FeatureDataset:
        return FeatureDataset(records, self.classes, self.cached)

    @cached_property
    def train(self) -> FeatureDataset:
        return self.dataset([record for record in self.records if record.split == "train"])

    @cached_property
    def val(self) -> FeatureDataset:
        return self.dataset([record for record in self.records if record.split == "val"])

    @cached_property
    def setting(self) -> Setting:
        """Rate and decay where the search of ``weldon train --freeze`` starts."""
        return setting_at(0, 0, mean_squared_norm(self.train, range(len(self.train))), len(VOC_CLASSES))

    def objective(self, dataset: FeatureDataset) -> Any:
        return build_objective(self.recipe, "multilabel", dataset.target, dataset.known)


def read_photographs() -> Photographs:
    if not VOC2007.exists():
        sys.exit(f"{VOC2007.name} is not here: set WELDON_DATA to the folder that holds it")
    torch.set_flush_denormal(True)
    labels = read_labels(VOC2007)
    recipe = build_recipe({"data": VOC2007, "freeze": True, "workers": 1})
    net = create_model("tf_efficientnet_lite0", len(labels.classes), k_max=0.2, k_min=0.2).eval()
    net.freeze_backbone()
    cached = cached_maps(recipe, net, labels.records, labels.classes)
    if FEATURES is None:
        return Photographs(labels.records, labels.classes, net, cached, recipe)
    head = RegionNet(FEATURES, net.pool, len(labels.classes), config=net.config)
    smaller = halved(projected(cached, labels.records))
    return Photographs(labels.records, labels.classes, head, smaller, recipe)


def halved(cached: CachedFeatures) -> CachedFeatures:
    """Return maps of half as many rows and columns: the mean over the real ones of two by two cells."""
    count, height, width, features = cached.maps.shape
    blocks = (count, height // 2, 2, width // 2, 2)
    real = cached.masks.reshape(blocks)
    sums = (cached.maps * cached.masks[..., None]).reshape(*blocks, features).sum((2, 4), dtype=np.float32)
    counts = real.sum((2, 4))
    maps = (sums / np.maximum(counts, 1)[..., None]).astype(np.float16)
    return CachedFeatures(maps, counts > 0, cached.rows, cached.lost)


def projected(cached: CachedFeatures, records: Sequence[Record]) -> CachedFeatures:
    """Return the maps on the directions in which the features of train are largest; they stay on disk.

    Labels have no part in it.
    """
    place = cache_folder(None) / f"voc2007-{FEATURES}.npy"
    if not place.exists():
        rows = [cached.rows[record.path] for record in records if record.split == "train"]
        random = np.random.default_rng(0)
        sample = np.concatenate(
            [random.permutation(cached.maps[row][cached.masks[row]])[:20] for row in rows]
        )
        values = sample.astype(np.float32)
        axes = np.linalg.eigh(values.T @ values)[1][:, ::-1][:, :FEATURES]
        with replacing(place) as draft, draft.open("wb") as file:
            shorter = [(maps.astype(np.float32) @ axes).astype(np.float16) for maps in cached.maps]
            np.save(file, np.stack(shorter))
    return CachedFeatures(np.load(place), cached.masks, cached.rows, cached.lost)


def cells(dataset: FeatureDataset) -> tuple[Cells, Cells]:
    """Return which classes are present and which are known, ``(N, C)`` each."""
    return dataset.target.numpy() > 0, dataset.known.numpy()


def plant(photographs: Photographs, share: float, seed: int) -> tuple[FeatureDataset, Cells]:
    """Return the training images with wrong labels, and which labels are wrong.

    As many labels are wrong as ``share`` of the present ones. Half of them are present labels taken away;
    half are labels added, to images without the class, each class as often as it is present.
    """
    random = np.random.default_rng(seed)
    present, known = cells(photographs.train)
    count = round(share * (present & known).sum())
    wrong = np.zeros_like(present)
    there = np.argwhere(present & known)
    wrong[tuple(there[random.choice(len(there), count // 2, replace=False)].T)] = True
    often = (present & known).sum(0) / (present & known).sum()
    for column in random.choice(len(often), count - count // 2, p=often):
        free = np.flatnonzero(~present[:, column] & known[:, column] & ~wrong[:, column])
        wrong[random.choice(free), column] = True
    return photographs.dataset(with_present(photographs.train.records, photographs, present ^ wrong)), wrong


def with_present(records: Sequence[Record], photographs: Photographs, present: Cells) -> list[Record]:
    """Return the records with these classes present."""
    names = np.array(photographs.classes)
    return [
        replace(record, labels=frozenset(names[row].tolist()))
        for record, row in zip(records, present, strict=True)
    ]


class Relabelled:
    """The loss of a head that learns from labels of its own on the batches of all."""

    def __init__(self, objective: Any, present: Cells) -> None:
        self.objective, self.target = objective, torch.from_numpy(present).float()

    def __call__(self, scores: Tensor, batch: dict[str, Tensor]) -> Tensor:
        loss: Tensor = self.objective(scores, {**batch, "target": self.target[batch["index"]]})
        return loss
