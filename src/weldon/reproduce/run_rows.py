"""Run the rows of a table and measure them on the test images; what fails does not stop the others."""

from __future__ import annotations

import itertools
import json
import logging
import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weldon.errors import DataError, WeldonError
from weldon.files import read_json_object, write_json, write_text
from weldon.recipes import Column, Look, Row, Source, Table, load_table
from weldon.reproduce.outcome import Cell, Results
from weldon.reproduce.trials import Run, Trials, digest, trials_of
from weldon.reproduce.workspace import AbsentError, Workspace
from weldon.training import build_recipe

log = logging.getLogger("weldon")
NOT_ASKED = "not asked for (--rows)"
LEARNT = 0.8  # of train; the rest is held back


@dataclass(frozen=True)
class View:
    """Finished runs in front of the test images of their data set.

    Args:
        runs: of one seed, one a model.
        look: how they look at an image.
        asked: measure what was not measured before; else only read what was.
    """

    runs: Sequence[Run]
    look: Look
    asked: bool = True

    def figures(self, columns: Sequence[Column]) -> dict[str, float]:
        """Return the figure of each column, by its key; earlier measurements are read."""
        figures = {}
        alike = itertools.groupby(sorted(columns, key=_flags_of), _flags_of)
        for part in (list(group) for _, group in alike):
            found = self.kept({column.figure for column in part}, part[0].flags)
            figures.update({column.key: _number(found[column.figure]) for column in part})
        return figures

    def kept(self, wanted: Set[str], flags: Mapping[str, Any]) -> dict[str, Any]:
        """Return all figures; measure where one of ``wanted`` was not measured before.

        Raises:
            AbsentError: it was not, and nobody asked for it.
        """
        asked = [[run.key for run in self.runs], self.look.model_dump(exclude_defaults=True), flags or False]
        path = self.runs[0].workspace.out / "figures" / f"{digest(asked)}.json"
        found = _before(path)
        if missing := {figure for figure in wanted if not _is_figure(found.get(figure, ""))}:
            if not self.asked:
                raise AbsentError(NOT_ASKED)
            found |= self.measure(missing, flags)
            write_json(path, found)
        return found

    def measure(self, wanted: Set[str], flags: Mapping[str, Any]) -> dict[str, Any]:
        """Return what ``weldon val`` says of the test images."""
        from weldon.evaluation import evaluate
        from weldon.evaluation.measures.registry import recipe_figures

        workspace, source = self.runs[0].workspace, self.runs[0].source
        first, *others = (run.directory.path for run in self.runs)
        options = {**self.look.model_dump(exclude_defaults=True, exclude={"models"}), "others": others}
        options |= {"split": "test", "min_positives": source.min_positives}
        options["device"] = str(self.runs[0].options.get("device", "auto"))
        if not (self.look.several or others):
            measures = {figure: recipe_figures()[figure] for figure in sorted(wanted)}
            read = [flag.name for listed in measures.values() for flag in listed.flags]
            options |= workspace.truth_options(source, read)
            for figure, listed in measures.items():
                options |= listed.kind.recipe_figures[figure]
            options |= flags
        return evaluate(first, **options)


def _flags_of(column: Column) -> str:
    return json.dumps(column.flags, sort_keys=True)


def _before(path: Path) -> dict[str, Any]:
    """Return what was measured before; a damaged file is said, and its figures are measured again."""
    if not path.exists():
        return {}
    try:
        return read_json_object(path)
    except DataError as error:
        log.warning("kept figures are damaged and measured again: %s", error)
        return {}


def _is_figure(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _number(value: float | None) -> float:
    """Return a figure; JSON has null where it is none."""
    return math.nan if value is None else float(value)


def reproduce(table: str | Table, workspace: Workspace, *, rows: tuple[str, ...] | None = None) -> Results:
    """Run a table and return what it came to; text, CSV, HTML and JSON are kept in ``workspace.out``.

    Rows that are finished cost nothing: an interrupted table goes on where it stopped. Rows that were not
    asked for are printed as far as they were finished before.

    Args:
        table: its name, or a table of one's own.
        workspace: where things are.
        rows: names of rows; None: all.

    Raises:
        UsageError: no such table or row.
    """
    table = load_table(table) if isinstance(table, str) else table
    asked = {row.name for row in table.chosen(rows)}
    results = Results(table)
    for row in sorted(table.rows, key=lambda row: row.name in asked):
        for source in table.sources:
            columns = table.columns_of(source)
            cell = run_cell(row, columns, trials_of(row, source, workspace), asked=row.name in asked)
            results.cells[row.name, source.name] = cell
            write_results(results, workspace.out / "tables")
    return results


def run_cell(row: Row, columns: Sequence[Column], trials: Sequence[Trials], *, asked: bool) -> Cell:
    """Return what a row came to on a data set, or the reason why it came to nothing."""
    if not asked and any(part.missing for part in trials):
        return Cell(reason=NOT_ASKED)
    try:
        return _run(row, columns, trials, asked=asked)
    except WeldonError as error:
        reason = str(error).split("\n")[0]
    except Exception as error:  # anything: hours of other rows must not depend on it
        log.exception("%s failed", row.title)
        reason = f"{type(error).__name__}: {error}"
    if asked:
        log.warning("%s: not run: %s", row.title, reason)
    return Cell(reason=reason)


def _run(row: Row, columns: Sequence[Column], trials: Sequence[Trials], *, asked: bool) -> Cell:
    models = [part.train() for part in trials]
    figures = []
    for runs in zip(*models, strict=True):
        seconds = sum(run.directory.manifest_values["seconds"]["training"] for run in runs)
        found = View(runs, row.look, asked).figures(columns)
        figures.append({**found, "seed": runs[0].options["seed"], "seconds": seconds})
    keys = [[run.key for run in runs] for runs in zip(*models, strict=True)]
    if asked:
        log.info("%s: %s", row.title, figures)
    return Cell(figures, [part.best for part in trials], keys)


def write_results(results: Results, folder: Path) -> None:
    """Write the table as text, CSV, HTML and JSON."""
    written = {"txt": results.to_text(), "csv": results.to_csv(), "html": results.to_html()}
    for ending, text in written.items():
        write_text(folder / f"{results.table.name}.{ending}", text)
    write_json(folder / f"{results.table.name}.json", results.to_json())


@dataclass(frozen=True)
class Step:
    """What a row would do on a data set.

    Args:
        row: its name.
        source: title of the data set.
        runs: still to be trained and not part of an earlier row.
        seconds: estimate for them.
        hardware: that the estimate is for.
        absent: what is needed first.
    """

    row: str
    source: str
    runs: int
    seconds: float
    hardware: str
    absent: str = ""


def plan(table: str | Table, workspace: Workspace, *, rows: tuple[str, ...] | None = None) -> list[Step]:
    """Return the steps of a table; nothing is trained.

    Raises:
        UsageError: no such table or row.
    """
    table = load_table(table) if isinstance(table, str) else table
    return list(_steps(table.chosen(rows), table.sources, workspace))


def _steps(rows: tuple[Row, ...], sources: tuple[Source, ...], workspace: Workspace) -> Iterator[Step]:
    counted: set[str] = set()
    for row in rows:
        for source in sources:
            missing = {
                key: run for part in trials_of(row, source, workspace) for key, run in part.missing.items()
            }
            new = {key: run for key, run in missing.items() if key not in counted}
            counted |= set(new)
            seconds = sum(estimate(run, row) for run in new.values())
            absent = _absent(row, source, workspace)
            yield Step(row.name, source.title, len(new), seconds, row.hardware, absent)


def estimate(run: Run, row: Row) -> float:
    """Return the seconds that a run takes: a row's speed holds for its own image size, pixels cost alike."""
    recipe = build_recipe({"data": ".", **run.options})
    own = build_recipe({"data": ".", **row.train}).image_size
    pixels = (recipe.image_size / own) ** 2
    return LEARNT * run.source.images * recipe.epochs * pixels / row.images_per_second


def _absent(row: Row, source: Source, workspace: Workspace) -> str:
    try:
        workspace.folder(source)
        workspace.weights_file(str(workspace.options.get("weights", row.train.get("weights", "default"))))
    except AbsentError as error:
        return str(error)
    return ""
