"""How a run learns from images: labels, network, and batches of pictures or of cached feature maps."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from torch.utils.data import DataLoader

from weldon.data import (
    ImageDataset,
    LabelSet,
    Record,
    TrainTransform,
    collate,
    read_labels,
    unreadable_files,
)
from weldon.data.check import bearable
from weldon.data.greys import Window
from weldon.data.shards.order import places_of
from weldon.data.tiles import Tiling
from weldon.device import choose_device
from weldon.errors import DataError
from weldon.models import RegionNet, WeldonNet, create_model
from weldon.models.embedded import DEFAULT_MODEL
from weldon.runs.recipe import Recipe
from weldon.stopping import leave_to_parent
from weldon.training.features.disk_room import cache_folder
from weldon.training.features.feature_cache import cache_features
from weldon.training.features.feature_dataset import CachedFeatures, FeatureDataset, keep_batch
from weldon.training.inputs.inputs import Inputs, Prepared, Sets
from weldon.training.inputs.picture_layout import (
    eval_options,
    eval_transform,
    of_images,
    refuse_cut_cells,
    spell_layout,
    window_words,
)
from weldon.training.inputs.tiled_batches import TiledBatches
from weldon.training.plan import spell_pooling

log = logging.getLogger("weldon")


@dataclass(frozen=True)
class ImageInputs:
    """Images in files; :class:`weldon.training.inputs.inputs.Inputs` says what each method does."""

    noun: ClassVar[str] = "images"

    def refuse_options(self, recipe: Recipe) -> None:
        """Refuse nothing: every option of the recipe says something about images."""

    def with_defaults(self, recipe: Recipe) -> Recipe:
        """Return the recipe as it is: its defaults are those of images."""
        return recipe

    def read(
        self, recipe: Recipe, data: Path, labels: Path | None, classes: Sequence[str] | None = None
    ) -> LabelSet:
        """Return the images of ``data``; the recipe's public data set is what its own data holds."""
        return read_labels(
            data,
            labels,
            label_sep=recipe.label_sep,
            minus_one=recipe.minus_one,
            group_col=recipe.group_col,
            sheet=recipe.sheet,
            image_set=recipe.image_set,
            dataset=recipe.dataset if labels is None and data == recipe.data else None,
            classes=classes,
        )

    def notes(self, records: Sequence[Record]) -> tuple[str, ...]:
        """Return nothing: a picture without a label is in no record and may lie where it lies."""
        return ()

    def as_trained(self, net: RegionNet) -> tuple[Inputs, tuple[str, ...]]:
        """Return the same: any picture can be laid on the canvas of any network of images."""
        of_images(net)
        return self, ()

    def refuse_places(self) -> None:
        """Refuse nothing."""

    def build_net(self, recipe: Recipe, prepared: Prepared) -> WeldonNet:
        """Return the untrained network: backbone, transfer layer and pooling."""
        net = create_model(
            recipe.model or ("auto" if recipe.weights not in ("default", "none") else DEFAULT_MODEL),
            len(prepared.classes),
            pool=recipe.pool,
            weights=recipe.weights,
            model_kwargs=recipe.model_kwargs,
            mean=recipe.mean,
            std=recipe.std,
            **recipe.pool_options,
        )
        if recipe.tile is None:
            refuse_cut_cells(recipe.image_size, net.backbone.stride)
        eval_transform(recipe, net)  # refuses tiles that cut cells
        if recipe.freeze:
            net.freeze_backbone()
        elif recipe.fixes_statistics:
            net.backbone.fix_statistics()
        if recipe.compile:
            net.backbone.compile_pass()
        return net

    def describe(self, recipe: Recipe, prepared: Prepared, net: RegionNet) -> list[str]:
        """Return the network, the size it sees images at, and its pooling."""
        net = of_images(net)
        depth = "frozen, maps cached" if recipe.freeze else "all layers trained"
        if net.backbone.fixed_statistics and net.backbone.has_batch_norm:
            depth += " but the statistics of BatchNorm"
        return [
            f"backbone {net.backbone.name}, {depth}; {spell_layout(recipe, net)}",
            *(f"grey values: {line}" for line in window_words(recipe)),
            f"pooling {_pooling(recipe, net)}",
        ]

    def facts(self, recipe: Recipe, net: RegionNet, records: Sequence[Record]) -> list[tuple[str, str]]:
        """Return the backbone, the pooling and the size of the canvas."""
        net = of_images(net)
        return [
            ("Model", f"{net.backbone.name}, {'backbone fixed' if recipe.freeze else 'all layers trained'}"),
            ("Pooling", _pooling(recipe, net)),
            ("Images", spell_layout(recipe, net)),
            *(("Grey values", line) for line in window_words(recipe)),
        ]

    def datasets(self, recipe: Recipe, net: RegionNet, prepared: Prepared) -> Sets:
        """Return sets of pictures, or of the maps of a frozen backbone."""
        build = _map_sets if recipe.freeze else _image_sets
        return build(recipe, of_images(net), prepared)

    def loader(
        self, recipe: Recipe, net: RegionNet, records: Sequence[Record], classes: Sequence[str]
    ) -> Any:
        """Return batches of pictures."""
        transform = eval_transform(recipe, of_images(net))
        images = ImageDataset(records, classes, transform, as_bytes=True)
        if isinstance(transform, Tiling):
            return TiledBatches(of_images(net), images, transform)
        return DataLoader(
            images,
            recipe.batch_size,
            collate_fn=collate,
            num_workers=recipe.reader_count,
            worker_init_fn=leave_to_parent,
        )


def _pooling(recipe: Recipe, net: WeldonNet) -> str:
    if recipe.tile is not None:
        return spell_pooling(recipe, net, None)
    side = -(-recipe.image_size // net.backbone.stride)
    said = spell_pooling(recipe, net, side * side)
    counted = recipe.resize == "keep" and said != recipe.pool
    return said + (" (a share counts the photograph's own cells, not the padding)" if counted else "")


IMAGES = ImageInputs()


def _image_sets(recipe: Recipe, net: WeldonNet, prepared: Prepared) -> Sets:
    if recipe.by_shard:
        places_of(prepared.train + (prepared.val if recipe.refit else ()))  # refuses files
    asked = prepared
    prepared, lost = drop_unreadable(prepared, recipe.window)
    _name_lost(lost)
    _count_used(asked, prepared)
    seen = eval_transform(recipe, net)
    varied = TrainTransform(**eval_options(recipe, net))
    train = ImageDataset(
        prepared.train,
        prepared.classes,
        varied if recipe.augment else seen,
        seed=recipe.seed,
        as_bytes=True,
    )
    val = ImageDataset(prepared.val, prepared.classes, seen, as_bytes=True)
    return Sets(train, val, collate, recipe.reader_count, prepared)


def _map_sets(recipe: Recipe, net: WeldonNet, prepared: Prepared) -> Sets:
    cached = maps_to_learn_from(recipe, net, prepared.records, prepared.classes)
    lost = _reasons(prepared.records, cached)
    refuse_many_unreadable(lost, len(prepared.records))
    _name_lost(lost)
    asked, prepared = prepared, prepared.without(set(cached.lost))
    _count_used(asked, prepared)
    train, val = (FeatureDataset(part, prepared.classes, cached) for part in (prepared.train, prepared.val))
    return Sets(train, val, keep_batch, 0, prepared)


def maps_to_learn_from(
    recipe: Recipe, net: RegionNet, records: Sequence[Record], classes: Sequence[str]
) -> CachedFeatures:
    """Return the feature maps of ``records``, computed where the recipe says; ``net`` is moved there."""
    net.to(choose_device(recipe.device))
    return _maps(recipe, of_images(net), records, classes)


def cached_maps(
    recipe: Recipe, net: RegionNet, records: Sequence[Record], classes: Sequence[str]
) -> CachedFeatures:
    """Return the feature maps of ``records``, whose order does not matter; say which files have none."""
    cached = _maps(recipe, of_images(net), records, classes)
    _name_lost(lost := _reasons(records, cached))
    if lost:
        log.warning("%d of %d images can be read", len(records) - len(lost), len(records))
    return cached


def _maps(
    recipe: Recipe, net: WeldonNet, records: Sequence[Record], classes: Sequence[str]
) -> CachedFeatures:
    images = ImageDataset(records, classes, eval_transform(recipe, net), as_bytes=True)
    return cache_features(net, images, cache_folder(recipe.cache), workers=recipe.reader_count)


def _reasons(records: Sequence[Record], cached: CachedFeatures) -> list[tuple[str, str]]:
    return [(r.file_name, cached.lost[r.path]) for r in records if r.path in cached.lost]


def _name_lost(lost: Sequence[tuple[str, str]]) -> None:
    for name, reason in lost:
        log.warning("skipped %s: %s", name, reason)


def _count_used(asked: Prepared, left: Prepared) -> None:
    """Say how many images are used of those that were counted before, where some cannot be read."""
    if len(left.records) < len(asked.records):
        parts = (("training", asked.train, left.train), ("validation", asked.val, left.val))
        said = " and ".join(f"{len(now)} of {len(before)} {name}" for name, before, now in parts)
        log.warning("%s images can be read and are used", said)


def refuse_many_unreadable(lost: Sequence[tuple[str, str]], total: int) -> None:
    """Stop before training when more files cannot be read than is bearable.

    Args:
        lost: file and reason.
        total: files in all.
    """
    if len(lost) > bearable(total):
        problems = [f"{name}: {reason}" for name, reason in lost]
        raise DataError(
            f"{len(lost)} of {total} files cannot be read; mend or remove them and train again", problems
        )


def drop_unreadable(
    prepared: Prepared, window: Window | None = None
) -> tuple[Prepared, list[tuple[str, str]]]:
    """Return ``prepared`` without the files that cannot be read, and those files with the reason.

    Raises:
        DataError: more files cannot be read than :func:`~weldon.data.check.bearable`.
    """
    lost = unreadable_files(prepared.records, window=window)
    reasons = [(record.file_name, reason) for record, reason in lost]
    refuse_many_unreadable(reasons, len(prepared.records))
    return prepared.without({record.path for record, _ in lost}), reasons
