"""A table of the paper, or the same one on other photographs: columns, our rows, rows others published."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from weldon.errors import UsageError
from weldon.recipes.row import Row
from weldon.recipes.source import Source, load_sources
from weldon.recipes.toml import HOME, Strict, build, read


class Column(Strict):
    """A column.

    Args:
        key: by which rows give the paper's number.
        title: as printed.
        data: the data set that is measured; None: the paper's number only stands beside ours.
        figure: which of ``weldon val --json``; the measures say which there are.
        error: print 100 % less the figure.
        flags: of measures, beside those that the figure needs.
    """

    key: str
    title: str
    data: str | None = None
    figure: str = "map"
    error: bool = False
    flags: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_measured(self) -> Column:
        from weldon.evaluation.measures.registry import measure_flags, recipe_figures

        if self.figure not in recipe_figures():
            raise ValueError(f"figure must be one of {', '.join(recipe_figures())}, got {self.figure!r}")
        if strange := self.flags.keys() - measure_flags():
            raise ValueError(f"flags must be among {', '.join(measure_flags())}, got {', '.join(strange)}")
        return self


class Published(Strict):
    """A row of somebody else's numbers, as the paper prints them.

    Args:
        title: of the system.
        paper: number of each column, in percent.
    """

    title: str
    paper: dict[str, float]


class Table(Strict):
    """A table.

    Args:
        name: of the folder.
        title: what it is.
        source: where its numbers stand.
        columns: in order.
        sources: the data sets that are measured.
        rows: ours, in order.
        published: printed below.
    """

    name: str
    title: str
    source: str
    columns: tuple[Column, ...]
    sources: tuple[Source, ...]
    rows: tuple[Row, ...]
    published: tuple[Published, ...] = ()

    def columns_of(self, source: Source) -> tuple[Column, ...]:
        """Return the columns that are measured on a data set."""
        return tuple(column for column in self.columns if column.data == source.name)

    def chosen(self, names: tuple[str, ...] | None) -> tuple[Row, ...]:
        """Return the rows of these names; all of them for None.

        Raises:
            UsageError: a name that is no row.
        """
        known = {row.name: row for row in self.rows}
        if names is None:
            return self.rows
        if strange := [name for name in names if name not in known]:
            raise UsageError(f"rows of {self.name} are {', '.join(known)}; got {', '.join(strange)}")
        return tuple(known[name] for name in names)


def list_tables() -> list[str]:
    """Return the names of all tables: the paper's, the same on VOC 2007, and on animals."""
    names = [path.parent.name for path in HOME.glob("*/table.toml")]
    other = ("animals-", "voc2007-")
    return sorted(names, key=lambda name: ([name.startswith(part) for part in other], len(name), name))


@cache
def load_table(name: str) -> Table:
    """Return a table with all its rows, checked.

    Raises:
        UsageError: there is none of that name, or a recipe is wrong.

    Example:
        >>> [row.title for row in load_table("table8").rows][-1]
        'max + min, AP'
    """
    if name not in list_tables():
        raise UsageError(f"table must be one of {', '.join(list_tables())}; got {name!r}")
    path = HOME / name / "table.toml"
    values = read(path)
    rows = [_row(path.with_name(f"{row}.toml")) for row in values["rows"]]
    measured = dict.fromkeys(column["data"] for column in values["columns"] if "data" in column)
    sources = [load_sources()[data] for data in measured]
    return build(Table, {**values, "name": name, "rows": rows, "sources": sources}, path)


def _row(path: Path) -> Row:
    return build(Row, {"name": path.stem, **read(path)}, path)
