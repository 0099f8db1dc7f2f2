"""``calibration.json``: how scores become probabilities, and how far these could be trusted before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from weldon.errors import DataError
from weldon.files import write_json
from weldon.metrics import ReliabilityCurve, expected_calibration_error, reliability_curve
from weldon.runs.checked_json import Number, Stored, read_stored
from weldon.runs.run_directory import RunDirectory


@dataclass(frozen=True)
class Calibration:
    """Scores to log odds: ``slope * score + offset``; the order stays, for every slope is positive.

    Args:
        slope: ``(C,)`` float64, above 0.
        offset: ``(C,)`` float64.
    """

    slope: Tensor
    offset: Tensor

    def __call__(self, scores: Tensor) -> Tensor:
        """Return log odds ``(..., C)`` of scores ``(..., C)``."""
        return scores.double().cpu() * self.slope + self.offset


@dataclass(frozen=True)
class Reliability:
    """What probabilities said beside what was so, on validation.

    Args:
        error: expected calibration error, in [0, 1].
        curve: by bins of the probability.
    """

    error: float
    curve: ReliabilityCurve


def probabilities(log_odds: Tensor, task: str) -> Tensor:
    """Return probabilities ``(..., C)``: a sigmoid each (multilabel) or a softmax over all (multiclass)."""
    return log_odds.double().sigmoid() if task == "multilabel" else log_odds.double().softmax(dim=-1)


def unchanged(classes: int) -> Calibration:
    """Return the calibration that leaves scores as they are."""
    return Calibration(torch.ones(classes, dtype=torch.double), torch.zeros(classes, dtype=torch.double))


def measure_reliability(probabilities: Tensor, target: Tensor, known: Tensor) -> Reliability:
    """Return how far probabilities ``(N, C)`` can be taken at their word."""
    error = expected_calibration_error(probabilities, target, known)
    return Reliability(float(error), reliability_curve(probabilities, target, known))


def write_calibration(
    run: RunDirectory,
    classes: Sequence[str],
    calibration: Calibration,
    *,
    before: Reliability,
    after: Reliability,
) -> None:
    """Write the file.

    Args:
        run: the run.
        classes: C names.
        calibration: of the C classes.
        before: of the scores as the network gives them.
        after: of the calibrated ones; no image may have helped to calibrate its own.
    """
    lines = torch.stack([calibration.slope, calibration.offset], 1).tolist()
    values = {
        name: {"slope": slope, "offset": offset} for name, (slope, offset) in zip(classes, lines, strict=True)
    }
    sides = {"before": _reliability_json(before), "after": _reliability_json(after)}
    write_json(run.calibration, {"classes": values, **sides})


def read_calibration(run: RunDirectory) -> Calibration:
    """Return how the run's scores become log odds; as they are where it was not calibrated.

    Raises:
        DataError: the file is damaged, or its classes, or their order, are not those of the run.
    """
    if not run.calibration.is_file():
        return unchanged(len(run.class_names))
    lines = read_stored(Stand, run.calibration)["classes"]
    if tuple(lines) != run.class_names:
        raise DataError(
            f"{run.calibration} and {run.classes} name other classes, or in another order: put back the file "
            "that was changed"
        )
    slope, offset = ([float(line[part]) for line in lines.values()] for part in ("slope", "offset"))
    return Calibration(torch.tensor(slope, dtype=torch.double), torch.tensor(offset, dtype=torch.double))


def read_reliability(run: RunDirectory) -> tuple[Reliability, Reliability] | None:
    """Return reliability before and after calibration; None for a run that was not calibrated."""
    if not run.calibration.is_file():
        return None
    values = read_stored(Stand, run.calibration)
    return _reliability(values["before"]), _reliability(values["after"])


class Line(Stored):
    """Log odds of a class: slope times score plus offset."""

    slope: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    offset: Number


class Bin(Stored):
    """Labels whose probability lay in one bin; a bin without any is not written."""

    predicted: Number
    observed: Number
    labels: Annotated[int, Field(gt=0)]


class Side(Stored):
    """Reliability of one kind of probabilities."""

    error: Number | None
    bins: list[Bin]


class Stand(Stored):
    """``calibration.json``."""

    classes: dict[str, Line]
    before: Side
    after: Side


def _reliability_json(reliability: Reliability) -> dict[str, Any]:
    columns = zip(*(column.tolist() for column in reliability.curve), strict=True)
    names = ("predicted", "observed", "labels")
    bins = [dict(zip(names, column, strict=True)) for column in columns if column[2]]
    return {"error": reliability.error, "bins": bins}


def _reliability(values: Mapping[str, Any]) -> Reliability:
    columns = [
        torch.tensor([entry[name] for entry in values["bins"]])
        for name in ("predicted", "observed", "labels")
    ]
    error = values["error"]
    return Reliability(float("nan") if error is None else float(error), ReliabilityCurve(*columns))
