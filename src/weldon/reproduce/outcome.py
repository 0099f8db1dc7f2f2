"""What a row came to on a data set, and the table that is printed from it."""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from weldon.recipes import Column, Published, Row, Table


@dataclass(frozen=True)
class Cell:
    """What a row came to on a data set.

    Args:
        figures: for each seed, the figure of each column by its key, ``seed`` and ``seconds`` of training.
        chosen: the setting that held-back images chose, one a model.
        runs: the keys of the runs, for each seed.
        reason: why there are no figures.
    """

    figures: Sequence[Mapping[str, Any]] = ()
    chosen: Sequence[Mapping[str, Any]] = ()
    runs: Sequence[Sequence[str]] = ()
    reason: str = ""


@dataclass
class Results:
    """The cells of a table, by row and data set.

    Args:
        table: the recipe.
        cells: what there is so far.
    """

    table: Table
    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)

    def values(self, row: str, column: Column) -> list[float]:
        """Return what a row came to in a column, for each seed, in percent."""
        cell = self.cells.get((row, str(column.data)), Cell())
        shares = [float(figures[column.key]) for figures in cell.figures]
        return [100 * (1 - share if column.error else share) for share in shares]

    def header(self) -> list[str]:
        """Return the names of the printed columns."""
        names = [name for column in self.table.columns for name, _ in self._parts(column)]
        return ["row", *names]

    def lines(self) -> list[list[str]]:
        """Return the printed rows: ours beside the paper's numbers, then those of others."""
        ours = [
            [row.title, *(text for column in self.table.columns for text in self._ours(row, column))]
            for row in self.table.rows
        ]
        theirs = [
            [
                f"{other.title} (published)",
                *(text for c in self.table.columns for text in self._theirs(other, c)),
            ]
            for other in self.table.published
        ]
        return ours + theirs

    def reasons(self) -> list[str]:
        """Return why figures are missing, a line a reason with the rows it concerns."""
        titles = {row.name: row.title for row in self.table.rows}
        rows: dict[str, list[str]] = {}
        for (row, _), cell in self.cells.items():
            if cell.reason:
                named = rows.setdefault(cell.reason, [])
                named += [titles[row]] if titles[row] not in named else []
        everything = list(titles.values())
        who = {
            reason: "all rows" if names == everything else ", ".join(names) for reason, names in rows.items()
        }
        return [f"{who[reason]}: {reason}" for reason in rows]

    def to_json(self) -> dict[str, Any]:
        """Return everything as one JSON object."""
        rows: dict[str, Any] = {}
        for (row, data), cell in self.cells.items():
            stated = {"figures": list(cell.figures), "chosen": list(cell.chosen), "runs": list(cell.runs)}
            rows.setdefault(row, {})[data] = {"reason": cell.reason} if cell.reason else stated
        return {"table": self.table.name, "title": self.table.title, "rows": rows}

    def to_text(self) -> str:
        """Return the table for a terminal."""
        rows = [self.header(), *self.lines()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = [
            "  ".join(
                text.ljust(width) if n == 0 else text.rjust(width)
                for n, (text, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        reasons = [f"not run: {reason}" for reason in self.reasons()]
        return (
            "\n".join([f"{self.table.title} ({self.table.source})", "", *lines, "", *reasons]).rstrip() + "\n"
        )

    def to_csv(self) -> str:
        """Return the table as CSV."""
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows([self.header(), *self.lines()])
        return stream.getvalue()

    def to_html(self) -> str:
        """Return the table as a page."""
        environment = Environment(
            loader=PackageLoader("weldon", "reproduce"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
        )
        page = environment.get_template("table.html")
        return page.render(table=self.table, header=self.header(), lines=self.lines(), reasons=self.reasons())

    def _parts(self, column: Column) -> list[tuple[str, bool]]:
        """Return the printed columns of a column: the paper's where it has numbers, ours where we measure."""
        rows: tuple[Row | Published, ...] = (*self.table.rows, *self.table.published)
        paper = any(column.key in row.paper for row in rows)
        both = paper and column.data is not None
        parts = [(f"{column.title}, paper" if both else column.title, True)] if paper else []
        return parts + ([(f"{column.title}, here" if both else column.title, False)] if column.data else [])

    def _ours(self, row: Row, column: Column) -> list[str]:
        return [
            number(row.paper.get(column.key)) if paper else spread(self.values(row.name, column))
            for _, paper in self._parts(column)
        ]

    def _theirs(self, row: Published, column: Column) -> list[str]:
        return [number(row.paper.get(column.key)) if paper else "" for _, paper in self._parts(column)]


def number(value: float | None) -> str:
    """Return a number of the paper as it prints it, with at least one decimal."""
    return "" if value is None else f"{value:.2f}".removesuffix("0")


def spread(values: Sequence[float]) -> str:
    """Return the mean, and the standard deviation where there are several seeds.

    Example:
        >>> spread([50.0, 52.0]), spread([50.0]), spread([])
        ('51.0 ± 1.4', '50.0', '–')
    """
    if not values or any(math.isnan(value) for value in values):
        return "–"
    mean = f"{statistics.mean(values):.1f}"
    return f"{mean} ± {statistics.stdev(values):.1f}" if len(values) > 1 else mean
