"""The recipe of a frozen run whose rate and decay nobody named: the search chooses them, and k if asked."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from weldon.device import choose_device
from weldon.errors import DataError, UsageError
from weldon.files import read_json_object
from weldon.losses import Objective
from weldon.models import RegionNet
from weldon.pooling import Count
from weldon.runs.recipe import Recipe
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.head_search import EPOCHS as TRIED
from weldon.training.head_search import HeadSearch, Trial, Trials, usual_batch_size
from weldon.training.heads import Setting
from weldon.training.plan import spell_count

log = logging.getLogger("weldon")

EPOCHS = 30  # of the head that is kept
COUNTED = ("weldon", "wildcat")  # poolings with counts of regions
# k+ and k- to try besides 20 %. Half of the regions against did better on three sets of photographs.
COUNTS: tuple[tuple[Count, Count], ...] = (
    (0.05, 0.5),
    (0.1, 0.5),
    (0.2, 0.5),
    (0.3, 0.5),
    (0.1, 0.1),
    (0.3, 0.3),
)
COUNTS += ((0.5, 0.5),)


def searches(recipe: Recipe) -> bool:
    """Say whether rate and decay are searched: frozen, no rate given, SGD not refused, one process.

    Several processes would have to agree: they keep the usual rate.
    """
    adamw = "optimizer" in recipe.model_fields_set and recipe.optimizer != "sgd"
    one_process = recipe.devices == recipe.nodes == 1
    return recipe.freeze and recipe.search and recipe.lr is None and not adamw and one_process


def refuse_auto_k(recipe: Recipe) -> None:
    """Refuse ``--k auto`` where nothing would choose k.

    Raises:
        UsageError: the run has no search, or its pooling no counts.
    """
    if recipe.k != "auto":
        return
    if recipe.pool not in COUNTED:
        raise UsageError(f"k 'auto' needs --pool {' or '.join(COUNTED)}; {recipe.pool} takes no k")
    if not searches(recipe) or recipe.search_rounds == 0:
        raise UsageError(
            "k 'auto' is chosen by the search of --freeze: use it with --freeze, without --lr, --no-search, "
            "--search-rounds 0 (as in --preset quick), --optimizer adamw and several processes, or give a "
            "count such as 20%"
        )


def counts_to_try(recipe: Recipe) -> list[tuple[Count, Count]]:
    """Return the pairs of k+ and k- to try where k is left to the search; a side that was given stays."""
    if not chooses_k(recipe):
        return []
    given = (recipe.k_max, recipe.k_min)
    pairs = (
        tuple(own if asked is None else asked for own, asked in zip(pair, given, strict=True))
        for pair in COUNTS
    )
    return list(dict.fromkeys(pairs))  # type: ignore[arg-type]  # pairs of pairs are pairs


def chooses_k(recipe: Recipe) -> bool:
    """Say whether the search chooses k too: asked to, or nobody gave any of a pooling that has it."""
    ungiven = recipe.k is None and recipe.k_max is None and recipe.k_min is None
    return recipe.pool in COUNTED and (recipe.k == "auto" or ungiven)


def search_recipe(
    recipe: Recipe,
    net: RegionNet,
    dataset: FeatureDataset,
    objective: Callable[[], Objective],
    *,
    one_label: bool,
    losses: Mapping[str, Callable[[], Objective]] | None = None,
) -> tuple[Recipe, Trials]:
    """Return the recipe with what the search chose, and what it tried; what was given stays as given.

    Args:
        recipe: one for which :func:`searches` holds.
        net: the untrained network; its pooling gets the counts that were chosen, where :func:`chooses_k`.
        dataset: the training images.
        objective: makes the loss.
        one_label: an image has one label: accuracy chooses, else mAP.
        losses: others to try, by name.
    """
    given = recipe.model_fields_set
    usual = usual_batch_size(len(dataset))
    if recipe.tile is not None:  # large pictures: a step holds all their cells
        usual = min(usual, dataset.cached.at_once)
    batch_size = recipe.batch_size if "batch_size" in given else usual
    epochs = recipe.epochs if "epochs" in given else EPOCHS
    search = HeadSearch(
        net,
        dataset,
        objective,
        one_label=one_label,
        seed=recipe.seed,
        device=choose_device(recipe.device),
        final_epochs=epochs,
        batch_size=batch_size,
        weight_decay=recipe.weight_decay,
        counts=counts_to_try(recipe),
        losses=losses or {},
        rounds=recipe.search_rounds,
    )
    if recipe.search_rounds != 0:
        tried = spell_choices(recipe.weight_decay is None, bool(search.counts), bool(search.losses))
        log.info("choosing %s on held-back training images; --search-rounds 0 tries nothing", tried)
    found = search.run()
    chosen: dict[str, Any] = {
        "optimizer": "sgd",
        "lr": found.chosen.lr,
        "weight_decay": found.chosen.weight_decay,
        "batch_size": batch_size,
        "epochs": epochs,
    }
    if found.chosen.loss is not None:
        chosen["loss"] = found.chosen.loss
    if chooses_k(recipe):
        chosen |= take_counts(net, found.chosen)
    log.info(spell_trials(found))
    return recipe.model_copy(update=chosen), found


def spell_choices(decay: bool, counts: bool, losses: bool) -> str:
    """Say what a search chooses beside the rate.

    Example:
        >>> spell_choices(True, True, False), spell_choices(False, False, False)
        ('rate, decay and k', 'rate')
    """
    tried = {"decay": decay, "k": counts, "loss": losses}
    names = ["rate", *(name for name, chosen in tried.items() if chosen)]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def take_counts(net: RegionNet, chosen: Setting) -> dict[str, Any]:
    """Give the network the chosen counts, and return them as the recipe holds them."""
    net.pool = chosen.pool_for(net)
    counts = {"k_max": net.pool.k_max, "k_min": net.pool.k_min}
    net.config["pool_options"] = {**net.config["pool_options"], **counts}
    return {"k": None, **counts}


def spell_trials(found: Trials) -> str:
    """Return the choice in one sentence."""
    chosen = f"learning rate {found.chosen.lr:g}, weight decay {found.chosen.weight_decay:g}"
    if found.chosen.k_max is not None and found.chosen.k_min is not None:
        chosen += f", k+ = {spell_count(found.chosen.k_max)}, k- = {spell_count(found.chosen.k_min)}"
    if found.chosen.loss is not None:
        chosen += f", loss {found.chosen.loss}"
    best, worst = found.trials[0].figure, found.trials[-1].figure
    if math.isnan(best):
        return f"{chosen}: the usual ones for such maps; too few training images, or no round, to choose by"
    settings = len({trial.setting for trial in found.trials})
    return (
        f"{chosen}: the best of {settings} settings on {found.held_back} training images, scored by heads "
        f"that had not learnt from them ({found.measure} {best:.4f}, the worst {worst:.4f})"
    )


def trials_json(found: Trials) -> dict[str, Any]:
    """Return what was tried, for ``search.json``."""
    tried = [
        {**_said(trial.setting), "figure": trial.figure, "epochs": trial.epochs} for trial in found.trials
    ]
    return {"measure": found.measure, "held_back": found.held_back, "tried": tried}


def _said(setting: Setting) -> dict[str, Any]:
    return {name: value for name, value in asdict(setting).items() if value is not None}


def read_trials(path: Path) -> Trials:
    """Return what ``search.json`` holds.

    Raises:
        DataError: it cannot be read, or holds something else.
    """
    values = read_json_object(path)
    try:
        trials = tuple(_trial(item) for item in values["tried"])
        found = Trials(trials, int(values["held_back"]), str(values["measure"]))
        found.chosen  # noqa: B018 an empty list is no search
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} must hold what a search tried, and does not: {error!r}; remove it"
        ) from error
    return found


def _trial(item: dict[str, Any]) -> Trial:
    figure = math.nan if item["figure"] is None else float(item["figure"])
    counts = {name: _count(item[name]) for name in ("k_max", "k_min") if name in item}
    loss = None if item.get("loss") is None else str(item["loss"])
    setting = Setting(float(item["lr"]), float(item["weight_decay"]), **counts, loss=loss)
    return Trial(setting, figure, int(item.get("epochs", TRIED)))  # of an earlier version: all alike


def _count(value: Any) -> Count:
    if isinstance(value, bool) or not (value == "all" or isinstance(value, int | float)):
        raise ValueError(f"a count of regions cannot be {value!r}")
    return value  # type: ignore[no-any-return]
