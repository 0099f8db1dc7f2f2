"""Measure a trained run and return its figures: ``weldon val``."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weldon.device import choose_device
from weldon.errors import DataError
from weldon.evaluation.measured_truth import Truth, find_truth
from weldon.evaluation.measures.measure import joined_figures
from weldon.evaluation.measures.registry import measure_kinds
from weldon.evaluation.multiscale import evaluate_scales, plan_scales
from weldon.evaluation.options import EvaluationOptions, read_options
from weldon.evaluation.scorer import Scorer, open_scorer
from weldon.evaluation.selection import MeasuredImages, choose_images, pixels_as_trained, seen_before
from weldon.evaluation.ten_crops import evaluate_ten_crops
from weldon.runs.run_directory import RunDirectory, open_run

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


def evaluate(
    run: str | Path | RunDirectory, data: str | Path | None = None, **options: Any
) -> dict[str, Any]:
    """Measure a run on labelled images and return the figures, shares in 0–1.

    Thresholds for boxes and the background of masks are never chosen on the images that are measured: name
    others with ``tune_on``. What they choose is kept in the run and used from then on, by predictions too.

    Args:
        run: a run directory; it remembers its data.
        data: other labelled images; None: the run's own.
        **options: of ``weldon val``, with underscores: the fields of
            :class:`~weldon.evaluation.options.EvaluationOptions` (``labels``, ``split``, ``tune_on``,
            ``min_positives``, ``device``, ``progress``, ``scales``, ``ten_crops``, …) and the flags of the
            measures: ``boxes`` (a file, or boxes by file name), ``masks``, ``legend``, ``crf``, ``tune_crf``,
            ``known_labels``. ``boxes`` gives ``pointwise``, and ``maxboxacc`` where tuning images have chosen
            thresholds; ``masks`` gives ``pxap`` and ``miou``.

    Returns:
        figures by name; ``seen`` is ``chosen by`` where the images chose the run's epoch and thresholds,
        ``learnt from`` where they trained it, else None.

    Raises:
        UsageError: no such run, no image in the split, measured images among those to tune on, or options
            that cannot be used.
        DataError: truth that cannot be read, or that tells nothing of what is measured.
    """
    asked = read_options({**options, "data": data})
    asked = asked.model_copy(update={"device": choose_device(asked.device)})
    directory = run if isinstance(run, RunDirectory) else open_run(run)
    with pixels_as_trained(directory):
        return {**_evaluate(directory, asked), "seen": seen_before(asked.data, asked.split)}


def _evaluate(run: RunDirectory, options: EvaluationOptions) -> dict[str, Any]:
    if options.ten_crops:
        return evaluate_ten_crops(run, options)
    if options.several:
        plan = plan_scales(run.path, sizes=options.scales, k=options.scale_k, others=options.others)
        return evaluate_scales(plan, options)
    return figures_of(open_context(run, options))


def figures_of(context: EvaluationContext) -> dict[str, Any]:
    """Return the figures of every measure whose truth is there.

    Raises:
        DataError: no image to measure can be read.
    """
    built = [(kind, kind.build(context)) for kind in measure_kinds()]
    measures = [(kind, measure) for kind, measure in built if measure is not None]
    scorer, measured = context.scorer, context.images.measured
    maps = any(kind.reads_maps for kind, _ in measures)
    answers: Iterator[Any] = scorer.score(measured) if maps else scorer.scores(measured)
    answered = 0
    for answer in answers:
        answered += 1
        for _, measure in measures:
            measure.update(answer)
    _say_lost(answered, context.asked)
    return joined_figures(measure for _, measure in measures)


def _say_lost(answered: int, asked: int) -> None:
    """Say how many images cannot be read; where it is all of them, there are no figures."""
    if not answered:
        raise DataError(f"none of the {asked} images to measure can be read: `weldon check` says why")
    if answered < asked:
        log.warning("%d of %d images cannot be read and are in no figure", asked - answered, asked)
