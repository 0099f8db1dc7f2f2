"""Measure a trained run: ``weldon val``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from weldon.data import encode_targets
from weldon.device import choose_device
from weldon.errors import DataError, UsageError
from weldon.evaluation.box_measures import box_measures
from weldon.evaluation.context import EvaluationContext, open_context
from weldon.evaluation.mask_measures import MaskOptions, mask_measures
from weldon.evaluation.measured_truth import Boxes, find_truth
from weldon.evaluation.measures import ClassMeasure, Measure, joined_figures
from weldon.evaluation.selection import pixels_as_trained
from weldon.runs.run_directory import RunDirectory, open_run
from weldon.training.inputs.prepare import choose_task

log = logging.getLogger("weldon")
Answer = TypeVar("Answer")


def evaluate(
    run: str | Path | RunDirectory,
    data: str | Path | None = None,
    *,
    labels: str | Path | None = None,
    split: str | None = None,
    boxes: str | Path | Boxes | None = None,
    masks: str | Path | None = None,
    legend: str | None = None,
    tune_on: str | Path | None = None,
    crf: bool = False,
    tune_crf: bool = False,
    known_labels: bool = False,
    min_positives: int = 1,
    device: str = "auto",
    progress: bool = False,
) -> dict[str, Any]:
    """Measure a run on labelled images and return the figures, shares in 0–1.

    Thresholds for boxes and the background of masks are never chosen on the images that are measured: name
    others with ``tune_on``. What they choose is kept in the run and used from then on, by predictions too.

    Args:
        run: a run directory; it remembers its data.
        data: other labelled images; None: the run's own.
        labels: their table of labels.
        split: which images; None: the validation images of the run's own data, all of other data.
        boxes: true boxes: COCO json, a Label Studio export, CVAT XML, a folder of VOC XML, or boxes by file
            name. Gives ``pointwise``, and ``maxboxacc`` where declared images have chosen thresholds.
        masks: folder of true masks, indexed PNG named as the images. Gives ``pxap`` and ``miou``.
        legend: what the indices of masks mean: ``voc``, ``run`` or a table, see
            :func:`weldon.data.true_masks.read_legend`.
        tune_on: a split, or a text file with a file name (or its stem) a line: the declared images, whose
            boxes and masks choose thresholds and background.
        crf: measure masks refined by the dense CRF too.
        tune_crf: choose its parameters on the declared masks; implies ``crf``.
        known_labels: divide the pixels of an image among its true classes, not among the predicted ones.
        min_positives: classes with fewer positives are left out of the means.
        device: where to compute, as in :func:`weldon.device.choose_device`.
        progress: show a progress bar.

    Raises:
        UsageError: no such run, no image in the split, or measured images among the declared ones.
        DataError: truth that cannot be read, or that tells nothing of what is measured.
    """
    if tune_crf and (tune_on is None or masks is None):
        raise UsageError("tune_crf needs masks, and tune_on to say which of them may be used for it")
    device = choose_device(device)
    directory = run if isinstance(run, RunDirectory) else open_run(run)
    place, table = (None if given is None else Path(given) for given in (data, labels))
    with pixels_as_trained(directory):
        context = open_context(
            directory,
            place,
            labels=table,
            split=split,
            tune_on=None if tune_on is None else str(tune_on),
            min_positives=min_positives,
            device=device,
            progress=progress,
        )
        if not any((boxes, masks, tune_on, crf)):
            return _figures_of_classes(context)
        context.images.inputs.refuse_places()
        truth = find_truth(context.images, context.classes, boxes=boxes, masks=masks, legend=legend)
        measures: list[Measure] = [_class_measure(context), truth.covered]
        if truth.boxes is not None:
            measures += box_measures(context, truth.boxes)
        if truth.masks is not None:
            options = MaskOptions(crf or tune_crf, tune_crf, known_labels)
            measures += mask_measures(context, truth.masks, options)
        updates = [measure.update for measure in measures]
        _update(updates, context.scorer.score(context.images.measured), context)
        return joined_figures(measures)


def _figures_of_classes(context: EvaluationContext) -> dict[str, Any]:
    """Return the figures that need scores alone, of images or of bags."""
    measure = _class_measure(context)
    _update([measure.update], context.scorer.scores(context.images.measured), context)
    return joined_figures([measure])


def _update(
    updates: Sequence[Callable[[Answer], None]], answers: Iterable[Answer], context: EvaluationContext
) -> None:
    """Show every measure the answer for each image that can be read, and say how many cannot.

    Raises:
        DataError: none can be read.
    """
    answered = 0
    for answer in answers:
        answered += 1
        for update in updates:
            update(answer)
    if not answered:
        raise DataError(f"none of the {context.asked} images to measure can be read: `weldon check` says why")
    if answered < context.asked:
        lost = context.asked - answered
        log.warning("%d of %d images cannot be read and are in no figure", lost, context.asked)


def _class_measure(context: EvaluationContext) -> ClassMeasure:
    measured, classes = context.images.measured, context.classes
    target, known = encode_targets(measured, classes)
    task = choose_task(context.scorer.recipe.task, measured)
    return ClassMeasure(target, known, classes, task=task, min_positives=context.min_positives)
