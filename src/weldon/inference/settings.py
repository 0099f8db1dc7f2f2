"""What a run directory says about reading images and naming answers."""

from __future__ import annotations

import logging
import math
from typing import Any

from weldon.data.geometry import LEAST_SIDE, MOST_SIDE, RESIZES
from weldon.errors import DataError, UsageError
from weldon.files import read_toml
from weldon.inference.decision import BOX_THRESHOLD, DEFAULT_MAP_SCALE, TASKS, Decision
from weldon.inference.mask_settings import MaskSettings, mask_settings_from_json
from weldon.runs.run_directory import RunDirectory
from weldon.runs.stored import Localisation, Segmentation, Thresholds, read_stored

log = logging.getLogger("weldon")


def read_transform_options(run: RunDirectory) -> dict[str, Any]:
    """Return ``image_size`` and ``resize`` as the network was trained with.

    Raises:
        DataError: ``config.toml`` does not name them, or has values that cannot be.
    """
    config = read_toml(run.config)
    missing = [name for name in ("image_size", "resize") if name not in config]
    if missing:
        raise DataError(f"{run.config} must name {' and '.join(missing)}; it is written by `weldon train`")
    size, resize = config["image_size"], config["resize"]
    if type(size) is not int or not LEAST_SIDE <= size <= MOST_SIDE:
        raise DataError(
            f"{run.config}: image_size must be from {LEAST_SIDE} to {MOST_SIDE}, got {str(size)[:40]}"
        )
    if resize not in RESIZES:
        raise DataError(f"{run.config}: resize must be one of {', '.join(RESIZES)}, got {resize!r}")
    return {"image_size": size, "resize": resize}


def read_decision(run: RunDirectory) -> Decision:
    """Return classes, task, thresholds and colour scale of a run.

    Raises:
        UsageError: training did not finish.
        DataError: a file of the run is damaged, or ``thresholds.json`` does not fit ``classes.txt``.
    """
    if not run.thresholds.is_file():
        raise UsageError(
            f"run {str(run.path)!r} is not finished, {run.thresholds.name} is missing: "
            f"the same `weldon train` command with --resume --out {run.path} finishes it"
        )
    stored = read_stored(Thresholds, run.thresholds)
    if (scale := stored.get("scale")) != "score":
        raise DataError(
            f"{run.thresholds} must hold thresholds on the scale 'score', got {str(scale)[:40]!r}"
        )
    refuse_other_classes(run, stored["classes"])
    fitted = {name: _threshold(run, name, value) for name, value in stored["classes"].items()}
    map_scale = float(stored.get("map_scale") or DEFAULT_MAP_SCALE)
    return Decision(
        run.class_names, _read_task(run), fitted, map_scale, read_box_threshold(run), read_mask_settings(run)
    )


def _threshold(run: RunDirectory, name: str, value: float | None) -> float:
    """Return a stored threshold; where there is none, the score of a probability of one half, and a word."""
    if value is None or math.isnan(value):
        log.warning("%s has no threshold for %s: a probability of one half is taken", run.thresholds, name)
        return 0.0
    return float(value)


def refuse_other_classes(run: RunDirectory, named: dict[str, Any]) -> None:
    """Refuse thresholds whose classes, or the order of them, are not those of ``classes.txt``.

    Raises:
        DataError: names the classes.
    """
    strangers = sorted(set(named) - set(run.class_names))
    if strangers:
        raise DataError(f"{run.thresholds} names classes that {run.classes.name} does not have", strangers)
    lacking = [name for name in run.class_names if name not in named]
    if lacking:
        raise DataError(f"{run.thresholds} lacks classes that {run.classes.name} names", lacking)
    if tuple(named) != run.class_names:
        raise DataError(
            f"{run.thresholds} and {run.classes} name the classes in different orders: put back the "
            "file that was changed"
        )


def read_mask_settings(run: RunDirectory) -> MaskSettings:
    """Return how the run's maps become masks: as ``weldon val --tune-on`` chose, else the defaults.

    Raises:
        DataError: ``segmentation.json`` cannot be used.
    """
    if not run.segmentation.is_file():
        return MaskSettings()
    return mask_settings_from_json(read_stored(Segmentation, run.segmentation), source=str(run.segmentation))


def read_box_threshold(run: RunDirectory) -> float:
    """Return the share of a map's range at which boxes are cut: as ``weldon val`` chose, else 0.5.

    Raises:
        DataError: ``localisation.json`` cannot be used.
    """
    if not run.localisation.is_file():
        return BOX_THRESHOLD
    return float(read_stored(Localisation, run.localisation)["box_threshold"])


def _read_task(run: RunDirectory) -> str:
    """Return the task; ``auto`` in the recipe was resolved by training, which wrote it in the manifest."""
    task = str(read_toml(run.config).get("task", "auto"))
    if task not in ("auto", *TASKS):
        raise DataError(f"{run.config}: task must be one of auto, {', '.join(TASKS)}, got {task[:40]!r}")
    if task != "auto":
        return task
    if not run.manifest.is_file():
        raise DataError(f"{run.config} leaves the task open and {run.manifest.name} does not name it")
    return str(run.manifest_values["task"])
