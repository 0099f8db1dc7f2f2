"""The recipe of a frozen run whose rate and decay nobody named: the search chooses them."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from weldon.device import choose_device
from weldon.errors import DataError
from weldon.files import read_json_object
from weldon.losses import Objective
from weldon.models import RegionNet
from weldon.runs.recipe import Recipe
from weldon.training.features.feature_dataset import FeatureDataset
from weldon.training.head_search import HeadSearch, Trial, Trials, usual_batch_size
from weldon.training.heads import Setting

log = logging.getLogger("weldon")

EPOCHS = 30  # of the head that is kept


def searches(recipe: Recipe) -> bool:
    """Say whether rate and decay are searched: frozen, no rate given, SGD not refused, one process.

    Several processes would have to agree: they keep the usual rate.
    """
    adamw = "optimizer" in recipe.model_fields_set and recipe.optimizer != "sgd"
    one_process = recipe.devices == recipe.nodes == 1
    return recipe.freeze and recipe.search and recipe.lr is None and not adamw and one_process


def search_recipe(
    recipe: Recipe,
    net: RegionNet,
    dataset: FeatureDataset,
    objective: Callable[[], Objective],
    *,
    one_label: bool,
) -> tuple[Recipe, Trials]:
    """Return the recipe with what the search chose, and what it tried; what was given stays as given.

    Args:
        recipe: one for which :func:`searches` holds.
        net: the untrained network.
        dataset: the training images.
        objective: makes the loss.
        one_label: an image has one label: accuracy chooses, else mAP.
    """
    given = recipe.model_fields_set
    batch_size = recipe.batch_size if "batch_size" in given else usual_batch_size(len(dataset))
    search = HeadSearch(
        net,
        dataset,
        objective,
        one_label=one_label,
        seed=recipe.seed,
        device=choose_device(recipe.device),
        batch_size=batch_size,
        weight_decay=recipe.weight_decay,
    )
    found = search.run()
    chosen: dict[str, Any] = {
        "optimizer": "sgd",
        "lr": found.chosen.lr,
        "weight_decay": found.chosen.weight_decay,
        "batch_size": batch_size,
        "epochs": recipe.epochs if "epochs" in given else EPOCHS,
    }
    log.info(spell_trials(found))
    return recipe.model_copy(update=chosen), found


def spell_trials(found: Trials) -> str:
    """Return the choice in one sentence."""
    chosen = f"learning rate {found.chosen.lr:g}, weight decay {found.chosen.weight_decay:g}"
    best, worst = found.trials[0].figure, found.trials[-1].figure
    if math.isnan(best):
        return f"{chosen}: the usual ones, there are too few training images to choose by"
    return (
        f"{chosen}: the best of {len(found.trials)} settings on {found.held_back} training images, scored by "
        f"heads that had not learnt from them ({found.measure} {best:.4f}, the worst {worst:.4f})"
    )


def trials_json(found: Trials) -> dict[str, Any]:
    """Return what was tried, for ``search.json``."""
    tried = [
        {"lr": t.setting.lr, "weight_decay": t.setting.weight_decay, "figure": t.figure} for t in found.trials
    ]
    return {"measure": found.measure, "held_back": found.held_back, "tried": tried}


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
    return Trial(Setting(float(item["lr"]), float(item["weight_decay"])), figure)
