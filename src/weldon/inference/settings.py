"""What a run directory says about reading images and naming answers."""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path
from typing import Any

from weldon.errors import DataError, UsageError
from weldon.inference.decision import BOX_THRESHOLD, DEFAULT_MAP_SCALE, Decision
from weldon.inference.mask_settings import MaskSettings, mask_settings_from_json
from weldon.inference.run_directory import RunDirectory


def read_transform_options(run: RunDirectory) -> dict[str, Any]:
    """Return ``image_size`` and ``resize`` as the network was trained with.

    Raises:
        DataError: ``config.toml`` does not name them.
    """
    config = _read_config(run)
    missing = [name for name in ("image_size", "resize") if name not in config]
    if missing:
        raise DataError(f"{run.config} must name {' and '.join(missing)}; it is written by `weldon train`")
    return {name: config[name] for name in ("image_size", "resize")}


def read_decision(run: RunDirectory) -> Decision:
    """Return classes, task, thresholds and colour scale of a run.

    Raises:
        UsageError: training did not finish.
        DataError: ``thresholds.json`` does not fit the run.
    """
    stored = read_json_object(run.thresholds)
    if stored is None:
        raise UsageError(
            f"run {str(run.path)!r} is not finished, {run.thresholds.name} is missing: "
            f"the same `weldon train` command with --resume --out {run.path} finishes it"
        )
    if stored.get("scale") != "score":
        raise DataError(
            f"{run.thresholds} must hold thresholds on the scale 'score', got {stored.get('scale')!r}"
        )
    thresholds = _read_thresholds(run.thresholds, stored.get("classes"))
    strangers = sorted(set(thresholds) - set(run.class_names))
    if strangers:
        raise DataError(f"{run.thresholds} names classes that {run.classes.name} does not have", strangers)
    scale = float(stored.get("map_scale") or DEFAULT_MAP_SCALE)
    return Decision(
        run.class_names, _read_task(run), thresholds, scale, read_box_threshold(run), read_mask_settings(run)
    )


def read_mask_settings(run: RunDirectory) -> MaskSettings:
    """Return how the run's maps become masks: as ``weldon val --tune-on`` chose, else the defaults.

    Raises:
        DataError: ``segmentation.json`` cannot be used.
    """
    stored = read_json_object(run.segmentation)
    return MaskSettings() if stored is None else mask_settings_from_json(stored, source=str(run.segmentation))


def read_box_threshold(run: RunDirectory) -> float:
    """Return the share of a map's range at which boxes are cut: as ``weldon val`` chose, else 0.5.

    Raises:
        DataError: ``localisation.json`` cannot be used.
    """
    stored = read_json_object(run.localisation)
    if stored is None:
        return BOX_THRESHOLD
    value = stored.get("box_threshold")
    if not isinstance(value, float) or not 0 < value < 1:
        raise DataError(f"{run.localisation} must hold a box_threshold in (0, 1), got {value!r}")
    return value


def read_json_object(path: Path) -> dict[str, Any] | None:
    """Return the values of a JSON file, None where there is none.

    Raises:
        DataError: not a JSON object.
    """
    if not path.is_file():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}") from None
    if not isinstance(stored, dict):
        raise DataError(f"{path} must hold a JSON object, got {type(stored).__name__}")
    return stored


def _read_thresholds(path: Path, stored: Any) -> dict[str, float]:
    try:
        return {name: _threshold(value) for name, value in stored.items()}
    except (AttributeError, TypeError) as error:
        raise DataError(f"{path} must hold a number or null for each of its classes: {error}") from None


def _threshold(value: float | None) -> float:
    # A class without positives on validation has no fitted threshold: 0 is a probability of one half.
    return 0.0 if value is None or math.isnan(value) else float(value)


def _read_task(run: RunDirectory) -> str:
    """Return the task; ``auto`` in the recipe was resolved by training, which wrote it in the manifest."""
    task = str(_read_config(run).get("task", "auto"))
    if task != "auto":
        return task
    if not run.manifest.is_file() or "task" not in run.manifest_values:
        raise DataError(f"{run.config} leaves the task open and {run.manifest.name} does not name it")
    return str(run.manifest_values["task"])


def _read_config(run: RunDirectory) -> dict[str, Any]:
    try:
        return tomllib.loads(run.config.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{run.config} is not TOML: {error}") from None
