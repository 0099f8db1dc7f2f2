"""List the facts of a run for the page: how it was trained, its curves, and the files it left out."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path

from weldon.data import Record
from weldon.data.image import decoding_problem
from weldon.errors import DataError
from weldon.report.charts import LineChart, draw_line
from weldon.report.scored_split import ScoredSplit
from weldon.runs.metrics_file import read_epochs
from weldon.training.frozen_head import read_trials, spell_trials

CURVES = {
    "train/loss": "training loss",
    "val/map": "validation mAP",
    "val/accuracy": "validation accuracy",
}


def describe_run(split: ScoredSplit) -> list[tuple[str, str]]:
    """Return names and values of what a reader wants to know about the run, in order."""
    recipe, net, run = split.recipe, split.net, split.run
    manifest = run.manifest_values if run.manifest.is_file() else {}
    counts = manifest.get(split.noun, {})
    facts = [
        *split.images.inputs.facts(recipe, net, split.training_records),
        ("Loss", _loss(recipe.loss, split.decision.task, split.noun.removesuffix("s"))),
    ]
    if run.search.is_file():
        facts.append(("Rate and decay", spell_trials(read_trials(run.search))))
    if counts:
        facts.append(("Trained on", f"{counts['train']:,} {split.noun}, validated on {counts['val']:,}"))
    if run.refit.is_file():
        facts.append(
            ("For new images", f"weights that learnt from the validation {split.noun} too, after all figures")
        )
    if "validation" in manifest:
        seconds = manifest.get("seconds", {})
        facts.append(
            ("Best epoch", f"{manifest['validation']['best_epoch'] + 1} of {seconds.get('epochs', '?')}")
        )
    return [*facts, ("Finished", _date(run.best)), ("Folder", str(run.path))]


def read_curves(path: Path, *, monitor: str) -> list[LineChart]:
    """Return the curves of ``metrics.csv``, the best epoch marked in the one that chose it.

    Args:
        path: the CSV file; none is no curve.
        monitor: the column whose highest value chose the weights.
    """
    if not path.is_file():
        return []
    rows = read_epochs(path)
    if not rows:
        raise DataError(f"{path} must have a row for each epoch and has none: it is damaged")
    charts = []
    for column, title in CURVES.items():
        points = [
            (float(row["epoch"]) + 1, value)
            for row in rows
            if (value := _number(row.get(column))) is not None
        ]
        if not points:
            continue
        xs, ys = (list(values) for values in zip(*points, strict=True))
        charts.append(draw_line(title, xs, ys, best=ys.index(max(ys)) if column == monitor else None))
    return charts


def files_left_out(split: ScoredSplit) -> list[tuple[str, str]]:
    """Return each file of the data that the run did not use or could not read now, with the reason."""
    return [(record.file_name, _reason(record, split)) for record in split.left_out]


def _reason(record: Record, split: ScoredSplit) -> str:
    problem = decoding_problem(record.path, split.recipe.window)
    return problem or "reads well, but the run does not know it: added since?"


def _loss(loss: str, task: str, thing: str) -> str:
    chosen = ("softmax" if task == "multiclass" else "logistic") if loss == "auto" else loss
    many = "one class" if task == "multiclass" else "any number of classes"
    return f"{chosen}, {many} {'an' if thing == 'image' else 'a'} {thing}"


def _date(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime).astimezone().strftime("%-d %B %Y, %H:%M")


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
