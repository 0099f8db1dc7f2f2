"""Bring together what a measure may ask for: the run, its network, the images and their truth."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weldon.evaluation.measured_truth import Truth, find_truth
from weldon.evaluation.options import EvaluationOptions
from weldon.evaluation.scorer import Scorer, open_scorer
from weldon.evaluation.selection import MeasuredImages, choose_images
from weldon.runs.run_directory import RunDirectory

log = logging.getLogger("weldon")


@dataclass(frozen=True)
class EvaluationContext:
    """A run, its network, and the images.

    Args:
        run: keeps what tuning images choose.
        options: what was asked for.
        scorer: the network.
        images: those measured and those tuned on, without the files that are known not to read.
        asked: images to measure, with those files.
        truth: true boxes and masks, where there are some.
    """

    run: RunDirectory
    options: EvaluationOptions
    scorer: Scorer
    images: MeasuredImages
    asked: int
    truth: Truth

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of the run."""
        return self.scorer.classes

    @property
    def flags(self) -> Mapping[str, Any]:
        """The flags of measures that were given, by name."""
        return self.options.flags


def open_context(run: RunDirectory, options: EvaluationOptions) -> EvaluationContext:
    """Return a run in front of its images.

    Raises:
        UsageError: no image in the split, or measured images among those to tune on.
        DataError: labels or truth that cannot be read, or a name to tune on that is no image.
    """
    recipe = run.recipe
    images = choose_images(
        run, recipe, options.data, labels=options.labels, split=options.split, tune_on=options.tune_on
    )
    asked = len(images.measured)
    scorer, images, notes = open_scorer(run, recipe, images, device=options.device, progress=options.progress)
    for note in notes:
        log.warning(note)
    if options.flags or options.tune_on:
        scorer.inputs.refuse_places()
    named = {name: options.flags.get(name) for name in ("boxes", "masks", "legend")}
    truth = find_truth(images, run.class_names, **named)
    return EvaluationContext(run, options, scorer, images, asked, truth)
