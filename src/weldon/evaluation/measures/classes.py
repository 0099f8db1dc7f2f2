"""Measure which classes the scores name: average precision, and accuracy where each image has one class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from weldon.data import Record, encode_targets
from weldon.evaluation.measures.measure import Figures, ImageScores, MeasureKind, by_class, joined_figures
from weldon.metrics import (
    LabelRows,
    average_precision,
    class_mean,
    hit_at_one,
    per_class_accuracy,
    topk_accuracy,
)
from weldon.training.inputs.prepare import choose_task

if TYPE_CHECKING:
    from weldon.evaluation.evaluate import EvaluationContext


class ClassMeasure:
    """Mean average precision over the classes with positives, and accuracy where every image has one class.

    Args:
        target: ``(N, C)`` labels.
        known: ``(N, C)`` bool.
        classes: C names.
        task: ``multilabel`` or ``multiclass``.
        min_positives: classes with fewer known positives are left out of the mean.
    """

    def __init__(
        self, target: Tensor, known: Tensor, classes: Sequence[str], *, task: str, min_positives: int = 1
    ) -> None:
        self.target, self.known, self.classes, self.task = target, known, tuple(classes), task
        self.min_positives = min_positives
        self.rows = LabelRows(len(classes))

    def update(self, answer: ImageScores) -> None:
        """Keep the scores of one image."""
        one = torch.tensor([answer.number])
        self.rows.update(answer.scores[None], self.target[one], self.known[one], index=one)

    def figures(self) -> Figures:
        """Return ``images``, ``map``, ``classes_measured``, and ``accuracy`` or ``hit_at_one``."""
        scores, target, known = self.rows.compute()
        precision = average_precision(scores, target, known)
        positives = (target * known).sum(0)
        counted = positives >= self.min_positives
        overall: dict[str, Any] = {
            "images": len(scores),
            "map": float(class_mean(precision[counted])),
            "classes_measured": [
                name for name, yes in zip(self.classes, counted.tolist(), strict=True) if yes
            ],
        }
        if self.task == "multiclass":
            overall |= _accuracies(scores, target.argmax(1))
        else:
            overall["hit_at_one"] = float(hit_at_one(scores, target, known))
        return Figures(overall, by_class(self.classes, ap=precision, positives=positives.long()))


def _accuracies(scores: Tensor, truth: Tensor) -> dict[str, float]:
    top5 = {"accuracy_top5": float(topk_accuracy(scores, truth, 5))} if scores.shape[1] > 5 else {}
    return {
        "accuracy": float(topk_accuracy(scores, truth)),
        **top5,
        "accuracy_per_class_mean": float(class_mean(per_class_accuracy(scores, truth))),
    }


def class_measure(
    records: Sequence[Record], classes: Sequence[str], *, task: str, min_positives: int
) -> ClassMeasure:
    """Return the measure of N images, or bags, by their labels.

    Args:
        records: N images.
        classes: C names.
        task: of the recipe; ``auto`` is chosen by the labels.
        min_positives: classes with fewer known positives are left out of the mean.
    """
    target, known = encode_targets(records, classes)
    chosen = choose_task(task, records)
    return ClassMeasure(target, known, classes, task=chosen, min_positives=min_positives)


def figures_of_scores(scores: Tensor, numbers: Tensor, measure: ClassMeasure) -> dict[str, Any]:
    """Return the figures of scores ``(n, C)`` of the images of these numbers ``(n,)``, as JSON has them."""
    measure.rows.update(scores, measure.target[numbers], measure.known[numbers], index=numbers)
    return joined_figures([measure])


def _build(context: EvaluationContext) -> ClassMeasure:
    return class_measure(
        context.images.measured,
        context.classes,
        task=context.scorer.recipe.task,
        min_positives=context.options.min_positives,
    )


MEASURE = MeasureKind(
    _build,
    reads_maps=False,
    columns={"positives": "positives", "ap": "AP"},
    recipe_figures={"map": {}, "accuracy": {}, "accuracy_top5": {}},
)
