"""Measure one run at several image sizes, or several runs together: ``weldon val --scales``, ``--with``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from weldon.data import Record, encode_targets
from weldon.data.split import numbered, read_numbered_splits
from weldon.errors import UsageError
from weldon.evaluation.measures.classes import class_measure, figures_of_scores
from weldon.evaluation.object_bank import average_scales, fit_object_bank, table3_count
from weldon.evaluation.options import EvaluationOptions
from weldon.evaluation.scorer import Scorer
from weldon.evaluation.selection import MeasuredImages, choose_images
from weldon.inference.loading import load_image_network
from weldon.pooling import Count, WeldonPool
from weldon.runs.recipe import Recipe
from weldon.runs.recipe_file import build_recipe
from weldon.runs.run_directory import RunDirectory, open_run
from weldon.training.inputs.images import cached_maps
from weldon.training.inputs.prepare import choose_task

Regions = Count | Literal["table3"]


@dataclass(frozen=True)
class Scale:
    """One run at one image size.

    Args:
        run: its weights.
        recipe: of the run, with this image size.
        k: regions for and against in place of those the run was trained with: a count, a share, ``table3``;
            None keeps them.
    """

    run: RunDirectory
    recipe: Recipe
    k: Regions | None = None

    @property
    def name(self) -> str:
        """What progress bars and figures call it."""
        return f"{self.run.path.name} at {self.recipe.image_size} px"


def plan_scales(
    run: str | Path,
    *,
    sizes: Sequence[int] = (),
    k: Sequence[Count] | str = "table3",
    others: Sequence[str | Path] = (),
) -> list[Scale]:
    """Return one run at several sizes, or several runs each at the size it was trained with.

    Args:
        run: a run directory.
        sizes: image sizes for this one run.
        k: regions at each size: ``table3`` (the paper's where it has a map of that side, else the run's own),
            ``run`` (the run's own), or a count or share a size. It concerns WELDON's pooling only.
        others: runs with the same classes, each at its own size with its own regions.

    Raises:
        UsageError: neither or both of ``sizes`` and ``others``, sizes twice, runs of other classes.

    Example:
        >>> plan_scales("runs/a", sizes=[224, 224])
        Traceback (most recent call last):
        weldon.errors.UsageError: scales must be different image sizes, got 224, 224
    """
    if bool(sizes) == bool(others):
        raise UsageError("give either scales for one run, or several runs")
    if len(set(sizes)) != len(sizes):
        raise UsageError(f"scales must be different image sizes, got {', '.join(map(str, sizes))}")
    if not sizes:
        return _several([open_run(path) for path in (run, *others)])
    opened = open_run(run)
    recipe = opened.recipe
    if recipe.tile is not None:
        raise UsageError(f"scales cannot be used with {opened.path}: it sees pictures in their own pixels")
    counts = _counts(sizes, k)
    return [Scale(opened, _at(recipe, size), count) for size, count in zip(sizes, counts, strict=True)]


def _several(runs: Sequence[RunDirectory]) -> list[Scale]:
    for run in runs[1:]:
        if run.class_names != runs[0].class_names:
            raise UsageError(f"runs to combine must have the same classes, got {runs[0].path} and {run.path}")
    return [Scale(run, run.recipe) for run in runs]


def _counts(sizes: Sequence[int], k: Sequence[Count] | str) -> list[Regions | None]:
    if k in ("run", "table3"):
        return ["table3" if k == "table3" else None for _ in sizes]
    if isinstance(k, str) or len(k) != len(sizes):
        raise UsageError(f"scale_k must be table3, run or a count for each of {len(sizes)} scales, got {k!r}")
    return list(k)


def _at(recipe: Recipe, size: int) -> Recipe:
    return build_recipe({**recipe.model_dump(), "image_size": size})


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


def evaluate_scales(scales: Sequence[Scale], options: EvaluationOptions) -> dict[str, Any]:
    """Measure several scales and their combination, shares in 0–1.

    Args:
        scales: what :func:`plan_scales` returned.
        options: what is measured, and how scores are combined; the object bank, a linear classifier over all
            scores, is fitted on the split ``fit_on`` of the first run's own images.

    Returns:
        the figures of the combination as of :func:`weldon.evaluation.evaluate`; under ``scales`` and
        ``average`` the mAP (accuracy, for one class an image) of each scale and of plain averaging; for
        ``object_bank`` the inverse strength of regularisation that was chosen.

    Raises:
        UsageError: options that cannot be used, or measured images that something was fitted on.
    """
    run, recipe = scales[0].run, scales[0].recipe
    own = choose_images(run, recipe, None, split=options.fit_on)
    images = choose_images(run, recipe, options.data, labels=options.labels, split=options.split)
    _refuse_leaks(scales, images, own.measured, options.fit_on)
    scored = score_scales(scales, own, images, device=options.device, progress=options.progress)
    task = choose_task(recipe.task, scored.measured)

    def measure(scores: Tensor) -> dict[str, Any]:
        found = class_measure(
            scored.measured, run.class_names, task=task, min_positives=options.min_positives
        )
        return figures_of_scores(scores, torch.arange(len(scores)), found)

    main = "accuracy" if task == "multiclass" else "map"
    averaged = measure(average_scales(scored.tests))
    alone = {name: measure(part)[main] for name, part in zip(scored.names, scored.tests, strict=True)}
    compared = {"scales": alone, "average": averaged[main]}
    if options.combine == "average":
        return averaged | compared
    target, known = encode_targets(scored.taught, run.class_names)
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
