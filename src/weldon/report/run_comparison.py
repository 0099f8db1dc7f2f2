"""Compare runs on the images that all of them kept apart: figures, draws of them, and changed answers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from weldon.counted import counted
from weldon.data import encode_targets
from weldon.errors import DataError, UsageError
from weldon.evaluation.selection import pixels_as_trained
from weldon.metrics import average_precision
from weldon.metrics.bootstrap import resampled_average_precision
from weldon.report.class_rows import accuracy
from weldon.report.decisions import Decisions, decide
from weldon.report.scored_split import PlannedSplit, ScoredSplit, plan_split, score_planned
from weldon.runs.run_directory import RunDirectory

DRAWS = 1000
INTERVAL = (0.05, 0.95)  # of the draws: the middle nine tenths


@dataclass(frozen=True, eq=False)
class Side:
    """One run on N images.

    Args:
        name: of the run.
        decided: its decisions.
        ap: ``(C,)`` average precision, NaN for a class without images.
    """

    name: str
    decided: Decisions
    ap: Tensor

    @property
    def mean(self) -> float:
        """The mean average precision of the classes that images show; NaN without any."""
        known = self.ap[~self.ap.isnan()]
        return float(known.mean()) if len(known) else float("nan")


@dataclass(frozen=True, slots=True)
class Change:
    """An answer that another run gives otherwise.

    Args:
        row: of the image.
        column: of the class.
        now: whether the later run says the class is there.
        right: whether the label agrees with it; None where nobody knows.
    """

    row: int
    column: int
    now: bool
    right: bool | None


def changed_answers(old: Decisions, new: Decisions) -> list[Change]:
    """Return the answers that differ, image by image."""
    cells = torch.nonzero(old.predicted != new.predicted).tolist()
    return [Change(row, column, *_verdict(new, row, column)) for row, column in cells]


def _verdict(decided: Decisions, row: int, column: int) -> tuple[bool, bool | None]:
    now = bool(decided.predicted[row, column])
    right = now == bool(decided.present[row, column])
    return now, right if bool(decided.known[row, column]) else None


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several runs on the same N images and C classes; the first is what the others are compared with.

    Args:
        splits: the scored images of each run, as it scored them.
        rows: of each run, which of its rows the N images are.
        classes: C names.
        sides: the runs.
        draws: ``(runs, draws, C)`` average precision on images drawn with replacement.
        notes: what a reader has to know of the images, the labels and the classes.
    """

    splits: tuple[ScoredSplit, ...]
    rows: tuple[tuple[int, ...], ...]
    classes: tuple[str, ...]
    sides: tuple[Side, ...]
    draws: Tensor
    notes: tuple[str, ...]

    @property
    def mean_draws(self) -> Tensor:
        """``(runs, draws)`` mean average precision on drawn images."""
        return self.draws.nanmean(2)

    @property
    def positives(self) -> list[int]:
        """Images that show each class."""
        counts: list[int] = self.sides[0].decided.present.sum(0).tolist()
        return counts

    @property
    def file_names(self) -> list[str]:
        """Names of the N images."""
        return [self.splits[0].records[row].file_name for row in self.rows[0]]

    def accuracy(self, run: int) -> float | None:
        """Return the share of images whose one class a run names; None where images have several classes."""
        single = self.splits[run].decision.task == "multiclass"
        return accuracy(self.sides[run].decided) if single else None


def compare_runs(
    runs: Sequence[RunDirectory],
    *,
    split: str = "val",
    draws: int = DRAWS,
    seed: int = 0,
    device: str = "auto",
) -> Comparison:
    """Score the images that every run has in ``split``, and measure all runs on them.

    Args:
        runs: two or more, the first is what the others are compared with.
        split: ``val``, ``test`` or ``train``.
        draws: of the bootstrap.
        seed: of the draws.
        device: where to compute.

    Raises:
        UsageError: fewer than two runs, or one named twice.
        DataError: no image or no class in common, or runs that answer different questions.
    """
    homes = [os.path.realpath(run.path) for run in runs]
    if len(set(homes)) < len(homes) or len(homes) < 2:
        raise UsageError(f"runs must be two or more different ones, got {', '.join(map(str, homes))}")
    plans = [plan_split(run, split) for run in runs]
    names = short_names([run.path for run in runs])
    _refuse_other_questions(plans, names)
    _common_classes(plans, names)
    _common_rows(plans, names)
    splits = []
    for plan in plans:
        with pixels_as_trained(plan.run):
            splits.append(score_planned(plan, device=device))
    return compare_splits(splits, draws=draws, seed=seed)


def compare_splits(splits: Sequence[ScoredSplit], *, draws: int = DRAWS, seed: int = 0) -> Comparison:
    """Measure several runs whose images are scored; see :func:`compare_runs`."""
    names = short_names([one.run.path for one in splits])
    _refuse_other_questions(splits, names)
    classes = _common_classes(splits, names)
    rows = _common_rows(splits, names)
    target, known, contradicted = _common_labels(splits, rows, classes)
    columns = [[one.classes.index(name) for name in classes] for one in splits]
    sides = []
    for name, one, own, there in zip(names, splits, rows, columns, strict=True):
        scores = one.scores[list(own)][:, there]
        decided = decide(scores, target, known, thresholds=one.thresholds[there], task=one.decision.task)
        sides.append(Side(name, decided, average_precision(scores, target, known)))
    resampled = resampled_average_precision(
        [side.decided.scores for side in sides], target, known, draws=draws, seed=seed
    )
    notes = _notes(splits, names, rows, classes, contradicted)
    return Comparison(tuple(splits), tuple(rows), classes, tuple(sides), resampled, notes)


def difference(gain: float, draws: Tensor) -> dict[str, float]:
    """Return a gain and the ends of the interval that holds nine tenths of its draws."""
    known = draws[~draws.isnan()]
    if not len(known):
        return {"gain": gain, "low": float("nan"), "high": float("nan")}
    low, high = torch.quantile(known, torch.tensor(INTERVAL, dtype=known.dtype)).tolist()
    return {"gain": gain, "low": low, "high": high}


def short_names(paths: Sequence[Path]) -> list[str]:
    """Return a name for each folder, as short as they stay apart.

    Example:
        >>> short_names([Path("/a/runs/train"), Path("/a/runs/train2")])
        ['train', 'train2']
        >>> short_names([Path("/a/train"), Path("/b/train")])
        ['a/train', 'b/train']
    """
    parts = [path.resolve().parts for path in paths]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


def _refuse_other_questions(splits: Sequence[PlannedSplit], names: Sequence[str]) -> None:
    kinds = {name: f"{one.decision.task}, {one.noun}" for name, one in zip(names, splits, strict=True)}
    if len(set(kinds.values())) > 1:
        listed = "; ".join(f"{name}: {kind}" for name, kind in kinds.items())
        raise DataError(f"runs that answer different questions cannot be compared ({listed})")


def _common_classes(splits: Sequence[PlannedSplit], names: Sequence[str]) -> tuple[str, ...]:
    first, known = splits[0], [set(one.classes) for one in splits]
    common = tuple(name for name in first.classes if all(name in one for one in known))
    same = all(one == set(common) for one in known)
    if not common or (first.decision.task == "multiclass" and not same):
        listed = [f"{name}: {', '.join(one.classes)}" for name, one in zip(names, splits, strict=True)]
        raise DataError("these runs know different classes and cannot be compared:", listed)
    return common


def _common_rows(splits: Sequence[PlannedSplit], names: Sequence[str]) -> list[tuple[int, ...]]:
    """Return the rows of the images that all runs scored, in the order of the first."""
    places = [{os.path.realpath(r.path): row for row, r in enumerate(one.records)} for one in splits]
    common = [path for path in places[0] if all(path in there for there in places)]
    if not common:
        listed = [
            f"{name}: {one.records[0].path} and {len(one.records) - 1} more"
            for name, one in zip(names, splits, strict=True)
        ]
        raise DataError(
            f"these runs have no {splits[0].noun} of their split {splits[0].split!r} in common:", listed
        )
    return [tuple(there[path] for path in common) for there in places]


def _common_labels(
    splits: Sequence[ScoredSplit], rows: Sequence[Sequence[int]], classes: Sequence[str]
) -> tuple[Tensor, Tensor, int]:
    """Return labels ``(N, C)``, which are known, and how many cells the runs were told differently."""
    said = [
        encode_targets([one.records[row] for row in own], classes)
        for one, own in zip(splits, rows, strict=True)
    ]
    present = torch.stack([(target > 0) & known for target, known in said]).any(0)
    absent = torch.stack([(target == 0) & known for target, known in said]).any(0)
    contradicted = present & absent
    return present.float(), (present | absent) & ~contradicted, int(contradicted.sum())


def _notes(
    splits: Sequence[ScoredSplit],
    names: Sequence[str],
    rows: Sequence[Sequence[int]],
    classes: Sequence[str],
    contradicted: int,
) -> tuple[str, ...]:
    noun, images = splits[0].noun, len(rows[0])
    notes = []
    if any(len(one.records) > images for one in splits):
        counts = ", ".join(f"{len(one.records):,} of {name}" for name, one in zip(names, splits, strict=True))
        notes.append(
            f"measured on the {images:,} {noun} that all runs have in split {splits[0].split!r}: {counts}"
        )
    if any(len(one.classes) > len(classes) for one in splits):
        notes.append(f"measured on the {counted(len(classes), 'class', 'classes')} that all runs know")
    if contradicted:
        differ = "label differs" if contradicted == 1 else "labels differ"
        notes.append(f"{contradicted:,} {differ} between the tables of the runs: left out, as unknown")
    return tuple(notes)
