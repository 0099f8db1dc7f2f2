"""From a recipe to its runs: the settings of the grid, the best of them on held-back images, its seeds."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weldon.recipes import Row, Source
from weldon.reproduce.place import Place
from weldon.reproduce.run import Run

log = logging.getLogger("weldon")


@dataclass(frozen=True)
class Trials:
    """The runs of one model of a row on one data set.

    Args:
        place: where things are.
        source: the data set.
        options: of ``weldon train``, all but setting and seed.
        settings: to choose from.
        seeds: of the chosen setting; the first is that of the choice.
    """

    place: Place
    source: Source
    options: Mapping[str, Any]
    settings: tuple[Mapping[str, Any], ...]
    seeds: tuple[int, ...]

    def run(self, setting: Mapping[str, Any], seed: int) -> Run:
        """Return the run of a setting and a seed."""
        options = {**self.source.train, **self.options, **setting, **self.place.options, "seed": seed}
        return Run(self.place, self.source, options)

    @property
    def grid(self) -> dict[str, Run]:
        """The runs to choose from, by key: settings that ``--set`` makes equal are one."""
        runs = (self.run(setting, self.seeds[0]) for setting in self.settings)
        return {run.key: run for run in runs}

    @property
    def best(self) -> Mapping[str, Any]:
        """The setting that is best on held-back images; all runs of the grid must be finished."""
        if len(self.grid) == 1:
            return self.settings[0]
        return max(
            enumerate(self.settings), key=lambda item: (self.run(item[1], self.seeds[0]).held_back, item[0])
        )[1]

    @property
    def chosen(self) -> list[Run]:
        """The runs of the best setting, one a seed."""
        best = self.best
        return [self.run(best, seed) for seed in self.seeds]

    @property
    def missing(self) -> dict[str, Run]:
        """The runs still to be trained, by key; seeds of a choice not made yet go by its grid's keys."""
        grid = self.grid
        wanting = {key: run for key, run in grid.items() if not run.finished}
        if wanting and len(grid) > 1:
            undecided = {
                f"{'+'.join(grid)} seed {seed}": next(iter(grid.values())) for seed in self.seeds[1:]
            }
            return wanting | undecided
        return wanting | {run.key: run for run in self.chosen if not run.finished}

    def train(self) -> list[Run]:
        """Train what is missing and return the runs of the best setting, one a seed."""
        for run in self.grid.values():
            if not run.finished:
                run.train()
                log.info("%s held back: %.2f", _said(run, self.settings), 100 * run.held_back)
        for run in self.chosen:
            run.train()
        return self.chosen


def trials_of(row: Row, source: Source, place: Place) -> list[Trials]:
    """Return the trials of every model of a row."""
    seeds = place.seeds or tuple(row.seeds)
    return [Trials(place, source, model, tuple(row.settings), seeds) for model in row.models]


def _said(run: Run, settings: tuple[Mapping[str, Any], ...]) -> str:
    names = dict.fromkeys(name for setting in settings for name in setting)
    return ", ".join(f"{name} {run.options[name]}" for name in names) or "the only setting"
