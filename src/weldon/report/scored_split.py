"""Score the images of one split in one pass; every figure of the report is made from these scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from weldon.data import Record, encode_targets
from weldon.errors import DataError
from weldon.evaluation.scorer import open_scorer
from weldon.evaluation.selection import MeasuredImages, choose_images
from weldon.inference.decision import Decision
from weldon.inference.settings import read_decision
from weldon.models import RegionNet
from weldon.runs.recipe import Recipe
from weldon.runs.run_directory import RunDirectory


@dataclass(frozen=True, eq=False)
class PlannedSplit:
    """The images of one split, or its bags, before they are scored.

    Args:
        run: where everything lies.
        split: ``train``, ``val`` or ``test``.
        images: all images of its data, and those of the split.
        decision: classes, thresholds and task.
        records: the N images of the split; once scored, those of them that could be read.
    """

    run: RunDirectory
    split: str
    images: MeasuredImages
    decision: Decision
    records: tuple[Record, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The C class names."""
        return self.decision.classes

    @property
    def noun(self) -> str:
        """What the records are, for sentences: ``images`` or ``bags``."""
        return self.images.inputs.noun


@dataclass(frozen=True, eq=False)
class ScoredSplit(PlannedSplit):
    """The same with scores, whose rows are in the order of the records.

    Args:
        recipe: what the run was trained with.
        net: its best weights.
        scores: ``(N, C)`` float.
    """

    recipe: Recipe
    net: RegionNet
    scores: Tensor

    @cached_property
    def labels(self) -> tuple[Tensor, Tensor]:
        """Which classes are present ``(N, C)`` float and known ``(N, C)`` bool."""
        return encode_targets(self.records, self.classes)

    @cached_property
    def thresholds(self) -> Tensor:
        """``(C,)`` score from which each class is predicted."""
        return torch.tensor([self.decision.thresholds.get(name, 0.0) for name in self.classes])

    @property
    def training_records(self) -> list[Record]:
        """The images that taught the network which classes go together."""
        return [record for record in self.images.records if record.split == "train"]

    @property
    def left_out(self) -> list[Record]:
        """The images that the run does not know, and those of the split that could not be read."""
        scored = {record.path for record in self.records}
        return [
            record
            for record in self.images.records
            if record.split is None or (record.split == self.split and record.path not in scored)
        ]


def score_split(
    run: RunDirectory, split: str, *, device: str = "auto", progress: bool = False
) -> ScoredSplit:
    """Score every image of a split once, from cached feature maps where the run has them.

    Args:
        run: a finished run.
        split: ``train``, ``val`` or ``test``.
        device: where to compute; ``auto`` is an accelerator where there is one.
        progress: show a progress bar.

    Raises:
        UsageError: the split has no images, or training did not finish.
        DataError: none of its images can be read.
    """
    return score_planned(plan_split(run, split), device=device, progress=progress)


def plan_split(run: RunDirectory, split: str) -> PlannedSplit:
    """Return which images :func:`score_split` would score; no picture is read, no network loaded.

    Raises:
        UsageError: the split has no images, or training did not finish.
    """
    images = choose_images(run, run.recipe, None, split=split)
    return PlannedSplit(run, split, images, read_decision(run), images.measured)


def score_planned(plan: PlannedSplit, *, device: str = "auto", progress: bool = False) -> ScoredSplit:
    """Score the images of a planned split; see :func:`score_split`."""
    run, split, recipe, images = plan.run, plan.split, plan.run.recipe, plan.images
    scorer, readable, _ = open_scorer(run, recipe, images, device=device, progress=progress)
    found = [(answer.record, answer.scores) for answer in scorer.scores(readable.measured, task="scoring")]
    if not found:
        raise DataError(f"none of the {len(images.measured)} images of the split {split!r} can be read")
    records, scores = zip(*found, strict=True)
    return ScoredSplit(run, split, images, plan.decision, records, recipe, scorer.net, torch.stack(scores))
