"""Write and read ``thresholds.json``: from which score on each class is predicted."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from weldon.errors import DataError, UsageError
from weldon.files import write_json
from weldon.runs.checked_json import Fitted, Stored, read_stored

if TYPE_CHECKING:
    from weldon.runs.run_directory import RunDirectory

log = logging.getLogger("weldon")

SCALE = "score"  # of the thresholds; a file with probabilities would be another


class ThresholdsFile(Stored):
    """What the file must hold; a class without positives on validation has null."""

    classes: dict[str, Fitted]
    map_scale: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


@dataclass(frozen=True)
class Thresholds:
    """What training fitted on the validation images.

    Args:
        classes: score from which each class is predicted.
        map_scale: size of a map value that pictures show in full colour; None: training did not say.
    """

    classes: Mapping[str, float]
    map_scale: float | None


def write_thresholds(run: RunDirectory, fitted: Thresholds) -> None:
    """Write the file."""
    values = {"scale": SCALE, "map_scale": fitted.map_scale, "classes": dict(fitted.classes)}
    write_json(run.thresholds, values)


def read_thresholds(run: RunDirectory) -> Thresholds:
    """Return what :func:`write_thresholds` wrote, checked against the run's class names.

    Raises:
        UsageError: there is no such file: training did not finish.
        DataError: it is damaged, or names other classes than ``classes.txt``, or in another order.
    """
    if not run.thresholds.is_file():
        raise UsageError(
            f"run {str(run.path)!r} is not finished, {run.thresholds.name} is missing: "
            f"the same `weldon train` command with --resume --out {run.path} finishes it"
        )
    stored = read_stored(ThresholdsFile, run.thresholds)
    if (scale := stored.get("scale")) != SCALE:
        raise DataError(
            f"{run.thresholds} must hold thresholds on the scale {SCALE!r}, got {str(scale)[:40]!r}"
        )
    _refuse_other_classes(run, stored["classes"])
    classes = {name: _threshold(run, name, value) for name, value in stored["classes"].items()}
    scale = stored.get("map_scale")
    return Thresholds(classes, float(scale) if scale else None)


def _threshold(run: RunDirectory, name: str, value: float | None) -> float:
    """Return a stored threshold; where there is none, the score of a probability of one half, and a word."""
    if value is None or value != value:
        log.warning("%s has no threshold for %s: a probability of one half is taken", run.thresholds, name)
        return 0.0
    return float(value)


def _refuse_other_classes(run: RunDirectory, named: Mapping[str, Any]) -> None:
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
