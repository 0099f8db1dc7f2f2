"""Measure a row on the test images, once for each seed, and keep the figures."""

from __future__ import annotations

import itertools
import json
import logging
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weldon.errors import DataError
from weldon.files import read_json_object, write_json
from weldon.recipes import Column, Look
from weldon.reproduce.trials import Run, digest
from weldon.reproduce.workspace import AbsentError

log = logging.getLogger("weldon")
NOT_ASKED = "not asked for (--rows)"


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
