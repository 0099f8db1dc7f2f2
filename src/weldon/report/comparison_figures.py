"""Compare runs in plain values: figures with their spread, gains with an interval, options that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from weldon.report.run_comparison import Comparison, changed_answers
from weldon.report.scored_split import ScoredSplit

INTERVAL = (0.05, 0.95)  # of the draws: the middle nine tenths
COLUMNS = ("class", "images")


def figures(compared: Comparison) -> dict[str, Any]:
    """Return everything that the page prints in numbers, as plain values, shares in 0 to 1."""
    return {
        "images": len(compared.rows[0]),
        "runs": [_run_figures(compared, number) for number in range(len(compared.sides))],
        "positives": dict(zip(compared.classes, compared.positives, strict=True)),
        "options": different_options(compared.splits),
        "notes": list(compared.notes),
    }


def _run_figures(compared: Comparison, number: int) -> dict[str, Any]:
    side, draws, means = compared.sides[number], compared.draws[number], compared.mean_draws[number]
    per_class = {
        name: {"ap": float(side.ap[column]), "sd": spread(draws[:, column])}
        for column, name in enumerate(compared.classes)
    }
    said: dict[str, Any] = {"run": str(compared.splits[number].run.path), "name": side.name, "map": side.mean}
    said |= {"sd": spread(means), "accuracy": compared.accuracy(number)}
    if number:
        first, base = compared.sides[0], compared.draws[0]
        said["difference"] = difference(side.mean - first.mean, means - compared.mean_draws[0])
        for column, name in enumerate(compared.classes):
            gain = float(side.ap[column] - first.ap[column])
            per_class[name] |= difference(gain, draws[:, column] - base[:, column])
        changes = changed_answers(first.decided, side.decided)
        said["changed"] = len(changes)
        said["now_right"] = sum(change.right is True for change in changes)
        said["now_wrong"] = sum(change.right is False for change in changes)
    return {**said, "per_class": per_class}


def spread(draws: Tensor) -> float:
    """Return the standard deviation of the draws that have a value; NaN where fewer than two have."""
    known = draws[~draws.isnan()]
    return float(known.std()) if len(known) > 1 else float("nan")


def difference(gain: float, draws: Tensor) -> dict[str, float]:
    """Return a gain and the ends of the interval that holds nine tenths of its draws."""
    known = draws[~draws.isnan()]
    if not len(known):
        return {"gain": gain, "low": float("nan"), "high": float("nan")}
    low, high = torch.quantile(known, torch.tensor(INTERVAL, dtype=known.dtype)).tolist()
    return {"gain": gain, "low": low, "high": high}


def different_options(splits: Sequence[ScoredSplit]) -> dict[str, list[str]]:
    """Return the options of the recipes that are not the same in all runs, as each run has them."""
    said = [one.recipe.model_dump(mode="json") for one in splits]
    found = {name: [_spelt(values.get(name)) for values in said] for values in said for name in values}
    return {name: values for name, values in found.items() if len(set(values)) > 1}


def _spelt(value: Any) -> str:
    if value is None or value in ([], ()):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
