"""Measure several scales together: ``weldon val --scales``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from weldon.data import Record, encode_targets
from weldon.data.split import numbered, read_numbered_splits
from weldon.device import choose_device
from weldon.errors import UsageError
from weldon.evaluation.measures import ClassMeasure, joined_figures
from weldon.evaluation.object_bank import average_scales, fit_object_bank, table3_count
from weldon.evaluation.scales import Scale
from weldon.evaluation.scorer import Scorer
from weldon.evaluation.selection import MeasuredImages, choose_images
from weldon.inference.run_network import load_image_network
from weldon.pooling import WeldonPool
from weldon.training.inputs.images import cached_maps
from weldon.training.inputs.prepare import choose_task

COMBINATIONS = ("object-bank", "average")


@dataclass(frozen=True)
class ScaleScores:
    """The scores of S scales for the images that all of them could read.

    Args:
        names: of the scales.
        taught: n images to fit a combination on.
        measured: N images to measure on.
        lessons: of each scale, ``(n, C)``.
        tests: of each scale, ``(N, C)``.
    """

    names: tuple[str, ...]
    taught: tuple[Record, ...]
    measured: tuple[Record, ...]
    lessons: tuple[Tensor, ...]
    tests: tuple[Tensor, ...]


def evaluate_scales(
    scales: Sequence[Scale],
    data: str | Path | None = None,
    *,
    combine: str = "object-bank",
    fit_on: str = "train",
    labels: str | Path | None = None,
    split: str | None = None,
    min_positives: int = 1,
    device: str = "auto",
    progress: bool = False,
) -> dict[str, Any]:
    """Measure several scales and their combination, shares in 0–1.

    Args:
        scales: what :func:`weldon.evaluation.scales.plan_scales` returned.
        data: other labelled images to measure on; None: those of the first run.
        combine: ``object-bank``, a linear classifier over all scores, fitted on ``fit_on``, or ``average``.
        fit_on: split of the first run's own images that the classifier is fitted on.
        labels: table of labels of ``data``.
        split: which images to measure; None: the validation images of the run's own data, all of other data.
        min_positives: classes with fewer positives are left out of the means.
        device: where to compute, as in :func:`weldon.device.choose_device`.
        progress: show a progress bar.

    Returns:
        the figures of the combination as of :func:`weldon.evaluation.evaluate`; under ``scales`` and
        ``average`` the mAP (accuracy, for one class an image) of each scale and of plain averaging; for
        ``object_bank`` the inverse strength of regularisation that was chosen.

    Raises:
        UsageError: options that cannot be used, or measured images that something was fitted on.
    """
    device = choose_device(device)
    if combine not in COMBINATIONS:
        raise UsageError(f"combine must be one of {', '.join(COMBINATIONS)}, got {combine!r}")
    first = scales[0]
    own = choose_images(first.run, first.recipe, None, split=fit_on)
    place, table = (None if path is None else Path(path) for path in (data, labels))
    images = choose_images(first.run, first.recipe, place, labels=table, split=split)
    _refuse_leaks(scales, images, own.measured, fit_on)
    scored = score_scales(scales, own, images, device=device, progress=progress)
    task = choose_task(first.recipe.task, scored.measured)
    classes = first.run.class_names

    def measure(scores: Tensor) -> dict[str, Any]:
        target, known = encode_targets(scored.measured, classes)
        found = ClassMeasure(target, known, classes, task=task, min_positives=min_positives)
        found.rows.update(scores, target, known, index=torch.arange(len(target)))
        return joined_figures([found])

    main = "accuracy" if task == "multiclass" else "map"
    averaged = measure(average_scales(scored.tests))
    alone = {name: measure(part)[main] for name, part in zip(scored.names, scored.tests, strict=True)}
    compared = {"scales": alone, "average": averaged[main]}
    if combine == "average":
        return averaged | compared
    target, known = encode_targets(scored.taught, classes)
    groups = [record.group or record.file_name for record in scored.taught]
    bank = fit_object_bank(scored.lessons, target, known, task=task, groups=groups)
    return measure(bank(scored.tests)) | compared | {"object_bank": {"strength": bank.strength}}


def score_scales(
    scales: Sequence[Scale],
    own: MeasuredImages,
    images: MeasuredImages,
    *,
    device: str = "auto",
    progress: bool = False,
) -> ScaleScores:
    """Show the images to every scale.

    Args:
        scales: runs at image sizes.
        own: of the first run's own data, those measured being the ones to fit on.
        images: those to measure on.
        device: where to compute, as in :func:`weldon.device.choose_device`.
        progress: show a progress bar.
    """
    seen = [_score_scale(scale, own, images, device=device, progress=progress) for scale in scales]
    names, found = (tuple(part) for part in zip(*seen, strict=True))
    taught, measured = (
        tuple(record for record in part if all(record.path in scores for scores in found))
        for part in (own.measured, images.measured)
    )
    lessons, tests = (tuple(_rows(scores, part) for scores in found) for part in (taught, measured))
    return ScaleScores(names, taught, measured, lessons, tests)


def _score_scale(
    scale: Scale, own: MeasuredImages, images: MeasuredImages, *, device: str, progress: bool
) -> tuple[str, dict[Path, Tensor]]:
    """Return the scale's name and the scores ``(C,)`` of every readable image; frozen runs cache maps."""
    net = load_image_network(scale.run, device=device)
    k = table3_count(scale.recipe.image_size, net.backbone.stride) if scale.k == "table3" else scale.k
    if k is not None and isinstance(net.pool, WeldonPool):
        net.pool = WeldonPool(k_max=k, k_min=k if net.pool.k_min else 0)
    name = f"{scale.name}, {net.pool}"
    classes = scale.run.class_names
    cache = cached_maps(scale.recipe, net, own.records, classes) if scale.recipe.freeze else None
    found = {}
    for part in (own, images):
        kept = part.readable(cache.rows) if cache is not None and part.own else part
        scorer = Scorer(net, scale.recipe, classes, cache if part.own else None, progress)
        for answer in scorer.score(kept.measured, task=name):
            found[answer.record.path] = answer.scores
    return name, found


def _rows(scores: Mapping[Path, Tensor], records: Sequence[Record]) -> Tensor:
    if not records:
        raise UsageError("no image can be read at every scale")
    return torch.stack([scores[record.path] for record in records])  # (N, C)


def _refuse_leaks(
    scales: Sequence[Scale], images: MeasuredImages, taught: Sequence[Record], fit_on: str
) -> None:
    """Refuse to measure on images that the combination is fitted on, or that another run trained on."""
    paths = {record.path for record in images.measured}
    if both := sum(record.path in paths for record in taught):
        raise UsageError(
            f"fit_on must name other images than those measured, got {fit_on!r}: {both} are measured"
        )
    for scale in scales[1:]:
        if not images.own or scale.run.path == scales[0].run.path:
            continue
        learnt = read_numbered_splits(scale.run.splits)
        keys = numbered(record.file_name for record in images.records)
        own = zip(keys, images.records, strict=True)
        seen = sum(record.path in paths and learnt.get(key) == "train" for key, record in own)
        if seen:
            raise UsageError(
                f"runs to combine must be trained on the same images, got {scale.run.path}, which was "
                f"trained on {seen} of those measured"
            )
