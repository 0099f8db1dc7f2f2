"""The training and the validation set of a run: images, the cached maps of a frozen backbone, or bags."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weldon.data import EvalTransform, ImageDataset, Record, TrainTransform, collate
from weldon.models import RegionNet, WeldonNet
from weldon.runs.recipe import Recipe
from weldon.training.features.disk_room import cache_folder
from weldon.training.features.feature_cache import cache_features
from weldon.training.features.feature_dataset import CachedFeatures, FeatureDataset, keep_batch
from weldon.training.inputs.bag_dataset import LabelledBags
from weldon.training.inputs.prepare import Prepared, drop_unreadable, refuse_many_unreadable

log = logging.getLogger("weldon")


@dataclass(frozen=True)
class Sets:
    """What a run reads.

    Args:
        train: the training set.
        val: the validation set.
        collate_fn: makes a batch of items.
        workers: processes that read.
        prepared: the images, without the files that cannot be read.
    """

    train: Any
    val: Any
    collate_fn: Any
    workers: int
    prepared: Prepared


def build_sets(recipe: Recipe, net: RegionNet, prepared: Prepared) -> Sets:
    """Return the sets to train and validate on.

    Raises:
        DataError: more than 1 % of the files cannot be read.
    """
    if not isinstance(net, WeldonNet):
        return _bag_sets(prepared)
    return _map_sets(recipe, net, prepared) if recipe.freeze else _image_sets(recipe, net, prepared)


def _bag_sets(prepared: Prepared) -> Sets:
    assert prepared.bags is not None
    train, val = (
        LabelledBags(part, prepared.classes, prepared.bags) for part in (prepared.train, prepared.val)
    )
    return Sets(train, val, keep_batch, 0, prepared)


def _image_sets(recipe: Recipe, net: WeldonNet, prepared: Prepared) -> Sets:
    prepared, lost = drop_unreadable(prepared)
    _name_lost(lost)
    seen = eval_transform(recipe, net)
    varied = TrainTransform(recipe.image_size, recipe.resize, net.backbone.mean, net.backbone.std)
    train = ImageDataset(
        prepared.train, prepared.classes, varied if recipe.augment else seen, seed=recipe.seed
    )
    return Sets(train, ImageDataset(prepared.val, prepared.classes, seen), collate, recipe.workers, prepared)


def _map_sets(recipe: Recipe, net: WeldonNet, prepared: Prepared) -> Sets:
    net.freeze_backbone()
    cached = _maps(recipe, net, prepared.records, prepared.classes)
    lost = _reasons(prepared.records, cached)
    refuse_many_unreadable(lost, len(prepared.records))
    _name_lost(lost)
    prepared = prepared.without(set(cached.lost))
    train, val = (FeatureDataset(part, prepared.classes, cached) for part in (prepared.train, prepared.val))
    return Sets(train, val, keep_batch, 0, prepared)


def cached_maps(
    recipe: Recipe, net: WeldonNet, records: Sequence[Record], classes: Sequence[str]
) -> CachedFeatures:
    """Return the feature maps of ``records``, whose order does not matter; say which files have none."""
    cached = _maps(recipe, net, records, classes)
    _name_lost(_reasons(records, cached))
    return cached


def _maps(
    recipe: Recipe, net: WeldonNet, records: Sequence[Record], classes: Sequence[str]
) -> CachedFeatures:
    images = ImageDataset(records, classes, eval_transform(recipe, net))
    return cache_features(net, images, cache_folder(recipe.cache), workers=recipe.workers)


def _reasons(records: Sequence[Record], cached: CachedFeatures) -> list[tuple[str, str]]:
    return [(r.file_name, cached.lost[r.path]) for r in records if r.path in cached.lost]


def eval_transform(recipe: Recipe, net: WeldonNet) -> EvalTransform:
    """Return how images are laid on the canvas when nothing is left to chance."""
    return EvalTransform(recipe.image_size, recipe.resize, net.backbone.mean, net.backbone.std)


def _name_lost(lost: Sequence[tuple[str, str]]) -> None:
    for name, reason in lost:
        log.warning("skipped %s: %s", name, reason)
