"""Run the rows of a table one after another; what fails or is absent does not stop the others."""

from __future__ import annotations

import logging
from pathlib import Path

from weldon.errors import WeldonError
from weldon.recipes import Row, Source, Table, load_table
from weldon.reproduce.measure import View, write_json
from weldon.reproduce.place import Place
from weldon.reproduce.result import Cell, Results
from weldon.reproduce.trials import Trials, trials_of

log = logging.getLogger("weldon")
NOT_ASKED = "not asked for (--rows)"


def reproduce(table: str | Table, place: Place, *, rows: tuple[str, ...] = ()) -> Results:
    """Run a table and return what it came to; text, CSV, HTML and JSON are kept in ``place.out``.

    Rows that are finished cost nothing: an interrupted table goes on where it stopped. Rows that were not
    asked for are printed as far as they were finished before.

    Args:
        table: its name, or a table of one's own.
        place: where things are.
        rows: names of rows; none: all.

    Raises:
        UsageError: no such table or row.
    """
    table = load_table(table) if isinstance(table, str) else table
    asked = {row.name for row in table.chosen(rows)}
    results = Results(table)
    for row in table.rows:
        for source in table.sources:
            cell = run_cell(row, source, place, results, may_train=row.name in asked)
            results.cells[row.name, source.name] = cell
            write_results(results, place.out / "tables")
    return results


def run_cell(row: Row, source: Source, place: Place, results: Results, *, may_train: bool) -> Cell:
    """Return what a row came to on a data set, or the reason why it came to nothing."""
    trials = trials_of(row, source, place)
    if not may_train and any(part.missing for part in trials):
        return Cell(reason=NOT_ASKED)
    try:
        place.folder(source)
        return _run(row, source, place, results, trials)
    except WeldonError as error:
        return _failed(row, source, str(error).split("\n")[0])
    except Exception as error:  # anything: hours of other rows must not depend on it
        log.exception("%s on %s", row.title, source.title)
        return _failed(row, source, f"{type(error).__name__}: {error}")


def _run(row: Row, source: Source, place: Place, results: Results, trials: list[Trials]) -> Cell:
    models = [part.train() for part in trials]
    columns = results.table.columns_of(source)
    figures = []
    for runs in zip(*models, strict=True):
        seconds = sum(run.directory.manifest_values["seconds"]["training"] for run in runs)
        found = View(place, source, row.look, runs).figures(columns)
        figures.append({**found, "seed": runs[0].options["seed"], "seconds": seconds})
    keys = [[run.key for run in runs] for runs in zip(*models, strict=True)]
    log.info("%s on %s: %s", row.title, source.title, figures)
    return Cell(figures, [part.best for part in trials], keys)


def _failed(row: Row, source: Source, reason: str) -> Cell:
    log.warning("%s on %s: not run: %s", row.title, source.title, reason)
    return Cell(reason=reason)


def write_results(results: Results, folder: Path) -> None:
    """Write the table as text, CSV, HTML and JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    written = {"txt": results.to_text(), "csv": results.to_csv(), "html": results.to_html()}
    for ending, text in written.items():
        (folder / f"{results.table.name}.{ending}").write_text(text, encoding="utf-8")
    write_json(folder / f"{results.table.name}.json", results.to_json())
