"""The head of a network whose layers all learn: fitted before they do, on maps of the unchanged backbone.

A random head sends random gradients into the pre-trained layers for its first steps and spoils them; a fitted
one does not. On 600 photographs, in six epochs, two sets of three gained ten points of mAP and more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial

import torch

from weldon.counted import counted
from weldon.data import encode_targets
from weldon.losses import Batch, Objective
from weldon.models import RegionNet, WeldonNet
from weldon.runs.recipe import Recipe
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.frozen_head import EPOCHS
from weldon.training.head_search import HeadSearch, head_figure, sampled, usual_batch_size
from weldon.training.heads import Heads, fit_heads
from weldon.training.inputs.images import maps_to_learn_from
from weldon.training.inputs.inputs import Prepared
from weldon.training.run_loss import build_objective
from weldon.training.scoring import score_set

log = logging.getLogger("weldon")


def fit_head_first(recipe: Recipe, net: RegionNet, prepared: Prepared) -> bool:
    """Fit transfer layer and pooling as a frozen run without a search does.

    Nothing is done where :func:`fits_head_first` says no, nor for a loss that takes one step an epoch.

    Args:
        recipe: of the run.
        net: its head is changed; the backbone stays as it is.
        prepared: the images, without the files that cannot be read.

    Returns:
        whether it was fitted.

    Raises:
        DataError: the maps cannot be computed, or the disk has no room for them.
    """
    targets = encode_targets(prepared.train, prepared.classes)
    objective = partial(build_objective, recipe, prepared.task, *targets)
    if not fits_head_first(recipe, net) or objective().whole_set:
        return False
    records = [prepared.train[place] for place in sampled(len(prepared.train), recipe.seed)]
    log.info(
        "the head is fitted first, on maps of the unchanged backbone (%s)", counted(len(records), "image")
    )
    with torch.random.fork_rng(devices=[]):  # whether maps are kept already or not changes nothing
        maps = maps_to_learn_from(recipe, net, records, prepared.classes)
        _fit(recipe, net, FeatureDataset(records, prepared.classes, maps), objective, prepared.task)
    net.train()  # maps are made in evaluation mode, and Lightning trains in the mode that it finds
    return True


def say_what_it_reaches(net: RegionNet, batches: Iterable[Batch], task: str) -> None:
    """Log the validation figure of the head alone, beside which those of the epochs stand."""
    with torch.random.fork_rng(devices=[]):  # readers draw a seed
        seen = score_set(net, batches)
    net.train()
    one_label = task == "multiclass"
    value = head_figure(seen.scores, seen.target, seen.known, one_label=one_label)
    log.info("the head alone  val/%s %.4f", "accuracy" if one_label else "map", value)


def fits_head_first(recipe: Recipe, net: RegionNet) -> bool:
    """Say whether a run wants it: all layers learn, from pre-trained weights, in one process.

    Several processes would have to agree on the head.
    """
    asked = recipe.head_first and recipe.is_pretrained and not recipe.freeze
    return asked and isinstance(net, WeldonNet) and recipe.devices == recipe.nodes == 1


def _fit(
    recipe: Recipe, net: RegionNet, dataset: FeatureDataset, objective: Callable[[], Objective], task: str
) -> None:
    one_label = task == "multiclass"
    search = HeadSearch(net, dataset, objective, one_label=one_label, seed=recipe.seed, rounds=0)
    heads = Heads(net, [search.run().chosen])
    fit_heads(
        heads,
        dataset,
        range(len(dataset)),
        [objective()],
        epochs=EPOCHS,
        batch_size=usual_batch_size(len(dataset)),
        seed=recipe.seed,
    )
    net.transfer.load_state_dict(heads.transfers[0].state_dict())
    net.pool.load_state_dict(heads.pools[0].state_dict())
