"""What a table would still train, and about how long that takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from weldon.recipes import Row, Source, Table, load_table
from weldon.reproduce.place import AbsentError, Place
from weldon.reproduce.run import Run
from weldon.reproduce.trials import trials_of
from weldon.training import build_recipe

LEARNT = 0.8  # of train; the rest is held back


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


def plan(table: str | Table, place: Place, *, rows: tuple[str, ...] | None = None) -> list[Step]:
    """Return the steps of a table; nothing is trained.

    Raises:
        UsageError: no such table or row.
    """
    table = load_table(table) if isinstance(table, str) else table
    return list(_steps(table.chosen(rows), table.sources, place))


def _steps(rows: tuple[Row, ...], sources: tuple[Source, ...], place: Place) -> Iterator[Step]:
    counted: set[str] = set()
    for row in rows:
        for source in sources:
            missing = {
                key: run for part in trials_of(row, source, place) for key, run in part.missing.items()
            }
            new = {key: run for key, run in missing.items() if key not in counted}
            counted |= set(new)
            seconds = sum(estimate(run, row) for run in new.values())
            absent = _absent(row, source, place)
            yield Step(row.name, source.title, len(new), seconds, row.hardware, absent)


def estimate(run: Run, row: Row) -> float:
    """Return the seconds that a run takes: a row's speed holds for its own image size, pixels cost alike."""
    recipe = build_recipe({"data": ".", **run.options})
    own = build_recipe({"data": ".", **row.train}).image_size
    pixels = (recipe.image_size / own) ** 2
    return LEARNT * run.source.images * recipe.epochs * pixels / row.images_per_second


def _absent(row: Row, source: Source, place: Place) -> str:
    try:
        place.folder(source)
        place.weights_file(str(place.options.get("weights", row.train.get("weights", "default"))))
    except AbsentError as error:
        return str(error)
    return ""
