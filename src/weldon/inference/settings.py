"""Read from a run's folder how images are read and what its scores mean."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from weldon.data.geometry import LEAST_SIDE, MOST_SIDE, RESIZES
from weldon.data.greys import Window
from weldon.errors import DataError, UsageError
from weldon.inference.decision import BOX_THRESHOLD, DEFAULT_MAP_SCALE, TASKS, Decision
from weldon.inference.mask_settings import MaskSettings, mask_settings_from_json
from weldon.runs.calibration_file import read_calibration
from weldon.runs.checked_json import read_stored
from weldon.runs.run_directory import RunDirectory
from weldon.runs.thresholds_file import read_thresholds
from weldon.runs.tuned_files import Localisation, Segmentation

if TYPE_CHECKING:
    from weldon.data.tiles import Tiling
    from weldon.models.backbone import Backbone


def read_transform_options(run: RunDirectory) -> dict[str, Any]:
    """Return ``image_size``, ``resize`` and ``window`` as the network was trained with.

    Raises:
        DataError: ``config.toml`` does not name the first two, or has values that cannot be.
    """
    config = run.config_values
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
    return {"image_size": size, "resize": resize, "window": _read_window(run)}


def _read_window(run: RunDirectory) -> Window | None:
    told = run.config_values.get("window")
    if told is None:
        return None
    numbers = isinstance(told, list) and len(told) == 2 and all(type(end) in (int, float) for end in told)
    if not numbers or not -math.inf < told[0] < told[1] < math.inf:
        raise DataError(f"{run.config}: window must be two numbers, LOW below HIGH, got {str(told)[:40]}")
    return float(told[0]), float(told[1])


def read_tiling(run: RunDirectory, backbone: Backbone) -> Tiling | None:
    """Return how pictures are cut into tiles; None: each is laid on one canvas.

    Args:
        run: its recipe says it.
        backbone: of its network.

    Raises:
        DataError: ``config.toml`` has values that cannot be.
    """
    tile, overlap = (run.config_values.get(name) for name in ("tile", "overlap"))
    if tile is None:
        return None
    for name, side in (("tile", tile), ("overlap", overlap)):
        if type(side) is not int and not (name == "overlap" and side is None):
            raise DataError(f"{run.config}: {name} must be a number of pixels, got {str(side)[:40]}")
    from weldon.data.tiles import Tiling

    try:
        return Tiling(tile, overlap, backbone.stride, backbone.mean, backbone.std, window=_read_window(run))
    except UsageError as error:
        raise DataError(f"{run.config}: {error}, as it was trained") from error


def read_decision(run: RunDirectory) -> Decision:
    """Return classes, task, thresholds and colour scale of a run.

    Raises:
        UsageError: training did not finish.
        DataError: a file of the run is damaged, or ``thresholds.json`` does not fit ``classes.txt``.
    """
    fitted = read_thresholds(run)
    map_scale = fitted.map_scale or DEFAULT_MAP_SCALE
    return Decision(
        run.class_names,
        _read_task(run),
        fitted.classes,
        map_scale,
        read_box_threshold(run),
        read_mask_settings(run),
        read_calibration(run),
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
    task = str(run.config_values.get("task", "auto"))
    if task not in ("auto", *TASKS):
        raise DataError(f"{run.config}: task must be one of auto, {', '.join(TASKS)}, got {task[:40]!r}")
    if task != "auto":
        return task
    if not run.manifest.is_file():
        raise DataError(
            f"the run in {run.path} is not finished: go on with `weldon train --resume --out {run.path}` and "
            f"the same data (there is no {run.manifest.name})"
        )
    return str(run.manifest_values["task"])
