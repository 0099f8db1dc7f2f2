"""The test figures of a row: measured once for each seed, and kept."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence, Set
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
BOXES = {"pointwise", "pointing_accuracy"}
MASKS = {"miou", "miou_crf", "pxap"}


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
        for known in sorted({column.known_labels for column in columns}):
            part = [column for column in columns if column.known_labels == known]
            found = self.kept({column.figure for column in part}, known_labels=known)
            figures.update({column.key: _number(found[column.figure]) for column in part})
        return figures

    def kept(self, wanted: Set[str], *, known_labels: bool) -> dict[str, Any]:
        """Return all figures; measure where one of ``wanted`` was not measured before.

        Raises:
            AbsentError: it was not, and nobody asked for it.
        """
        asked = [[run.key for run in self.runs], self.look.model_dump(exclude_defaults=True), known_labels]
        path = self.runs[0].workspace.out / "figures" / f"{digest(asked)}.json"
        found = _before(path)
        if missing := {figure for figure in wanted if not _is_figure(found.get(figure, ""))}:
            if not self.asked:
                raise AbsentError(NOT_ASKED)
            found |= self.measure(missing, known_labels=known_labels)
            write_json(path, found)
        return found

    def measure(self, wanted: Set[str], *, known_labels: bool) -> dict[str, Any]:
        """Return what ``weldon val`` says of the test images."""
        from weldon.evaluation import evaluate
        from weldon.evaluation.multiscale import evaluate_scales
        from weldon.evaluation.scales import plan_scales
        from weldon.evaluation.ten_crops import evaluate_ten_crops

        workspace, source = self.runs[0].workspace, self.runs[0].source
        first, *others = (run.directory.path for run in self.runs)
        common: dict[str, Any] = {"split": "test", "min_positives": source.min_positives}
        common["device"] = str(self.runs[0].options.get("device", "auto"))
        if self.look.ten_crops:
            return evaluate_ten_crops(first, **common)
        if self.look.scales or others:
            plan = plan_scales(first, sizes=self.look.scales, others=others)
            return evaluate_scales(plan, combine=self.look.combine, fit_on=self.look.fit_on, **common)
        truth = workspace.truth_options(source, boxes=bool(wanted & BOXES), masks=bool(wanted & MASKS))
        return evaluate(first, **common, **truth, known_labels=known_labels, tune_crf="miou_crf" in wanted)


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
