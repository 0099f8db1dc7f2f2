"""Run the rows of a table one after another; what fails or is absent does not stop the others."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from weldon.errors import WeldonError
from weldon.files import write_json, write_text
from weldon.recipes import Column, Row, Table, load_table
from weldon.reproduce.measure import NOT_ASKED, View
from weldon.reproduce.place import Place
from weldon.reproduce.result import Cell, Results
from weldon.reproduce.trials import Trials, trials_of

log = logging.getLogger("weldon")


def reproduce(table: str | Table, place: Place, *, rows: tuple[str, ...] | None = None) -> Results:
    """Run a table and return what it came to; text, CSV, HTML and JSON are kept in ``place.out``.

    Rows that are finished cost nothing: an interrupted table goes on where it stopped. Rows that were not
    asked for are printed as far as they were finished before.

    Args:
        table: its name, or a table of one's own.
        place: where things are.
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
            cell = run_cell(row, columns, trials_of(row, source, place), asked=row.name in asked)
            results.cells[row.name, source.name] = cell
            write_results(results, place.out / "tables")
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
