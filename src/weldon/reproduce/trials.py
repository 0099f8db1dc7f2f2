"""From a recipe to its runs: the settings of the grid, the best of them on held-back images, its seeds."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weldon.recipes import Row, Source
from weldon.reproduce.workspace import Workspace
from weldon.runs.replacement import replacement_of
from weldon.runs.run_directory import RunDirectory
from weldon.training import build_recipe, train

# Where things lie and how fast they are read does not change what is learnt.
INDIFFERENT = {"data", "labels", "dataset", "cache", "workers", "device", "logger"}


@dataclass(frozen=True)
class Run:
    """A run that may be finished, begun, or not there yet.

    Args:
        workspace: where its data and its folder are.
        source: its data set.
        options: of ``weldon train`` except the data; ``--set`` is in them.
    """

    workspace: Workspace
    source: Source
    options: Mapping[str, Any]

    @property
    def key(self) -> str:
        """A digest of data set and options; those at their defaults do not count: more may come."""
        recipe = build_recipe({"data": ".", **self.options})
        said = recipe.model_dump(mode="json", exclude_defaults=True, exclude=INDIFFERENT)
        said["weights"] = Path(recipe.weights).name
        return digest([self.source.name, said])

    @property
    def directory(self) -> RunDirectory:
        """Its folder."""
        return RunDirectory(self.workspace.out / "runs" / self.key)

    @property
    def finished(self) -> bool:
        """Whether it has been trained to the end."""
        return self.directory.manifest.is_file()

    @property
    def held_back(self) -> float:
        """The figure on held-back images, of the best epoch."""
        return float(self.directory.manifest_values["validation"]["best"])

    def train(self) -> None:
        """Train it, or go on where it was interrupted; a finished run is left as it is.

        Raises:
            AbsentError: data or weights are not here.
        """
        if self.finished:
            return
        given = {**self.workspace.data_options(self.source), **self.options}
        given["weights"] = self.workspace.weights_file(given.get("weights", "default"))
        begun = self.directory.last.is_file()
        replacing = not begun and RunDirectory(replacement_of(self.directory.path)).last.is_file()
        train(
            **given,
            out=self.directory.path,
            resume=begun or replacing,
            overwrite=not begun,
            progress=False,
        )
        self.directory.last.unlink(missing_ok=True)  # it only serves to go on with an interrupted run


def digest(values: Any) -> str:
    """Return twelve hexadecimal digits of a JSON value."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


log = logging.getLogger("weldon")


@dataclass(frozen=True)
class Trials:
    """The runs of one model of a row on one data set.

    Args:
        workspace: where things are.
        source: the data set.
        options: of ``weldon train``, all but setting and seed.
        settings: to choose from.
        seeds: of the chosen setting; the first is that of the choice.
    """

    workspace: Workspace
    source: Source
    options: Mapping[str, Any]
    settings: tuple[Mapping[str, Any], ...]
    seeds: tuple[int, ...]

    def run(self, setting: Mapping[str, Any], seed: int) -> Run:
        """Return the run of a setting and a seed."""
        options = {**self.source.train, **self.options, **setting, **self.workspace.options, "seed": seed}
        return Run(self.workspace, self.source, options)

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


def trials_of(row: Row, source: Source, workspace: Workspace) -> list[Trials]:
    """Return the trials of every model of a row."""
    seeds = workspace.seeds or tuple(row.seeds)
    return [Trials(workspace, source, model, tuple(row.settings), seeds) for model in row.models]


def _said(run: Run, settings: tuple[Mapping[str, Any], ...]) -> str:
    names = dict.fromkeys(name for setting in settings for name in setting)
    return ", ".join(f"{name} {run.options[name]}" for name in names) or "the only setting"
