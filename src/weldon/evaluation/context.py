"""A run in front of the images that it is measured on."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from weldon.evaluation.scorer import Scorer
from weldon.evaluation.selection import MeasuredImages, choose_images
from weldon.inference.run_network import load_run_network
from weldon.runs.run_directory import RunDirectory
from weldon.training.inputs.images import cached_maps

log = logging.getLogger("weldon")


@dataclass(frozen=True)
class EvaluationContext:
    """A run, its network, and the images.

    Args:
        run: keeps what declared images choose.
        scorer: the network.
        images: those measured and those declared, without the files that are known not to read.
        asked: images to measure, with those files.
        tune_on: how the caller names the declared images; None: there are none.
        min_positives: classes with fewer positives are left out of means.
    """

    run: RunDirectory
    scorer: Scorer
    images: MeasuredImages
    asked: int
    tune_on: str | None
    min_positives: int

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of the run."""
        return self.scorer.classes


def open_context(
    run: RunDirectory,
    data: Path | None,
    *,
    labels: Path | None,
    split: str | None,
    tune_on: str | None,
    min_positives: int,
    device: str,
    progress: bool,
) -> EvaluationContext:
    """Return a run in front of its images; a frozen run has the feature maps of its own data already.

    Arguments as in :func:`weldon.evaluation.evaluate`.

    Raises:
        UsageError: no image in the split, or measured images among those declared.
        DataError: labels that cannot be read, or a declared name that is no image.
    """
    recipe = run.recipe
    images = choose_images(run, recipe, data, labels=labels, split=split, tune_on=tune_on)
    asked = len(images.measured)
    net = load_run_network(run, device=device)
    inputs, notes = images.inputs.as_trained(net)
    for note in notes:
        log.warning(note)
    cache = None
    if recipe.freeze and images.own:
        cache = cached_maps(recipe, net, images.records, run.class_names)
        images = images.readable(cache.rows)
    scorer = Scorer(net, recipe, run.class_names, cache, progress, inputs)
    return EvaluationContext(run, scorer, images, asked, tune_on, min_positives)
