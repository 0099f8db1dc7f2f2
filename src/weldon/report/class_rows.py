"""Make the table of the report: one row of figures a class, and the headline over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from weldon.metrics import average_precision, topk_accuracy
from weldon.metrics.precision_recall import judge_choice
from weldon.report.decisions import Decisions


@dataclass(frozen=True, slots=True)
class ClassRow:
    """The figures of one class, shares in 0–1, NaN where nothing can be measured.

    Args:
        name: of the class.
        positives: images labelled with it.
        unknown: images where nobody said.
        chance: share of images with it: the average precision of guessing.
        ap: average precision.
        threshold: score from which it is predicted.
        precision: share of the predicted images that have it.
        recall: share of the images that have it that are predicted.
        f1: harmonic mean of both.
    """

    name: str
    positives: int
    unknown: int
    chance: float
    ap: float
    threshold: float
    precision: float
    recall: float
    f1: float


def class_rows(decisions: Decisions, classes: Sequence[str], thresholds: Tensor) -> list[ClassRow]:
    """Return a row for each of the C classes; ``thresholds`` is ``(C,)``."""
    precision = average_precision(decisions.scores, decisions.target, decisions.known)
    return [
        _row(decisions, column, name, ap=float(precision[column]), threshold=float(thresholds[column]))
        for column, name in enumerate(classes)
    ]


def _row(decisions: Decisions, column: int, name: str, *, ap: float, threshold: float) -> ClassRow:
    known = decisions.known[:, column]
    present, chosen = decisions.present[known, column], decisions.predicted[known, column]
    labelled = int(known.sum())
    judged = judge_choice(chosen, present)
    return ClassRow(
        name=name,
        positives=judged.positives,
        unknown=int((~known).sum()),
        chance=judged.positives / labelled if labelled else float("nan"),
        ap=ap,
        threshold=threshold,
        precision=judged.precision,
        recall=judged.recall,
        f1=judged.f1,
    )


def mean_ap(rows: Sequence[ClassRow]) -> float:
    """Return the mean AP of the classes with positives; NaN where there is none.

    Example:
        >>> shared = dict(unknown=0, chance=0.5, threshold=0.0, precision=1.0, recall=1.0, f1=1.0)
        >>> mean_ap([ClassRow("cat", 2, ap=0.5, **shared), ClassRow("dog", 0, ap=float("nan"), **shared)])
        0.5
    """
    values = [row.ap for row in rows if row.positives]
    return sum(values) / len(values) if values else float("nan")


def accuracy(decisions: Decisions) -> float:
    """Return the share of images whose one class has the highest score."""
    return float(topk_accuracy(decisions.scores, decisions.target.argmax(1)))


def label_cooccurrence(target: Tensor, known: Tensor) -> Tensor:
    """Return ``(C, C)``: of the images with the class of the row, the share that has the column's (Fig. 5).

    Args:
        target: ``(N, C)`` in {0, 1}.
        known: ``(N, C)`` bool; images where the column is unknown are left out. A class without images gives
            a row of NaN.

    Example:
        >>> target = torch.tensor([[1.0, 1.0], [1.0, 0.0]])    # a horse with a rider, a horse alone
        >>> label_cooccurrence(target, torch.ones(2, 2, dtype=torch.bool))
        tensor([[1.0000, 0.5000],
                [1.0000, 1.0000]])
    """
    present = (target > 0) & known
    together = present.float().T @ present.float()  # (C, C)
    return together / (present.float().T @ known.float())


def confusion_shares(target: Tensor, predicted: Tensor) -> Tensor:
    """Return ``(C, C)``: of the images of the row's class, the share predicted as the column's.

    Args:
        target: ``(N, C)``, one 1 a row.
        predicted: ``(N, C)`` bool, one True a row.
    """
    counts = target.T @ predicted.float()  # (C, C)
    return counts / target.sum(0)[:, None]


def list_pairs(
    shares: Tensor, counts: Tensor, classes: Sequence[str], *, limit: int, least: int = 5
) -> list[tuple[str, str, float]]:
    """Return the ``limit`` highest values off the diagonal as (row, column, share), zeros left out.

    Args:
        shares: ``(C, C)`` in 0-1.
        counts: ``(C,)`` images of each row's class.
        classes: C names.
        limit: pairs at most.
        least: images a row needs, so that one picture does not make a rule.
    """
    values = shares.nan_to_num(0.0).clone().fill_diagonal_(0.0)
    values[counts < least] = 0.0
    flat = values.flatten()
    order = torch.argsort(flat, descending=True, stable=True)[:limit].tolist()
    pairs = ((*divmod(place, len(classes)), float(flat[place])) for place in order)
    return [(classes[row], classes[column], share) for row, column, share in pairs if share > 0]
