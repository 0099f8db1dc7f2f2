"""Compare what a run decides with the labels, and choose the images that show it best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Decisions:
    """Decisions about N images and C classes.

    Args:
        scores: ``(N, C)`` float.
        margins: ``(N, C)`` float, how far each score lies above what it takes to be predicted.
        predicted: ``(N, C)`` bool.
        target: ``(N, C)`` in {0, 1}.
        known: ``(N, C)`` bool, False where nobody labelled.
    """

    scores: Tensor
    margins: Tensor
    predicted: Tensor
    target: Tensor
    known: Tensor

    @property
    def present(self) -> Tensor:
        """``(N, C)`` bool: labelled as present."""
        return self.known & (self.target > 0)

    @property
    def absent(self) -> Tensor:
        """``(N, C)`` bool: labelled as absent."""
        return self.known & (self.target == 0)


@dataclass(frozen=True, slots=True)
class ClassExamples:
    """Telling images of one class, by row; ``counts`` says how many there are of each kind in all.

    Args:
        right: found, the surest first.
        missed: labelled but not predicted, the worst first.
        alarms: predicted but labelled absent, the worst first.
        counts: of right, missed and false alarms.
    """

    right: tuple[int, ...]
    missed: tuple[int, ...]
    alarms: tuple[int, ...]
    counts: tuple[int, int, int]

    @property
    def rows(self) -> tuple[int, ...]:
        """All the images."""
        return self.right + self.missed + self.alarms


def decide(scores: Tensor, target: Tensor, known: Tensor, *, thresholds: Tensor, task: str) -> Decisions:
    """Return the decisions: each class against its threshold, or for ``multiclass`` the highest score.

    Args:
        scores: ``(N, C)`` float.
        target: ``(N, C)`` in {0, 1}.
        known: ``(N, C)`` bool.
        thresholds: ``(C,)`` float, of no effect for ``multiclass``.
        task: ``multilabel`` or ``multiclass``.

    Example:
        >>> every = torch.ones(1, 2, dtype=torch.bool)
        >>> decisions = decide(torch.tensor([[3.0, 1.0]]), torch.tensor([[1.0, 0.0]]), every,
        ...                  thresholds=torch.zeros(2), task="multiclass")
        >>> decisions.margins, decisions.predicted
        (tensor([[ 2., -2.]]), tensor([[ True, False]]))
    """
    if task == "multilabel":
        return Decisions(scores, scores - thresholds, scores >= thresholds, target, known)
    predicted = torch.zeros_like(known).scatter(1, scores.argmax(1, keepdim=True), True)
    return Decisions(scores, lead_over_others(scores), predicted, target, known)


def lead_over_others(scores: Tensor) -> Tensor:
    """Return each score ``(N, C)`` minus the highest score of the other classes; 0 for a single class.

    Example:
        >>> lead_over_others(torch.tensor([[5.0, 2.0, 1.0]]))
        tensor([[ 3., -3., -4.]])
    """
    if scores.shape[1] < 2:
        return torch.zeros_like(scores)
    (first, second), winner = scores.topk(2).values.T, scores.argmax(1, keepdim=True)
    others = first[:, None].expand_as(scores).scatter(1, winner, second[:, None])
    lead: Tensor = scores - others
    return lead


def choose_examples(decisions: Decisions, column: int, *, limit: int) -> ClassExamples:
    """Return the surest right scorer, worst misses and worst false alarms of the class in ``column``."""
    margins, predicted = decisions.margins[:, column], decisions.predicted[:, column]
    present, absent = decisions.present[:, column], decisions.absent[:, column]
    kinds = (present & predicted, present & ~predicted, absent & predicted)
    right, missed, alarms = (
        _extreme(margins, kind, limit, highest=highest)
        for kind, highest in zip(kinds, (True, False, True), strict=True)
    )
    found, lost, false = (int(kind.sum()) for kind in kinds)
    return ClassExamples(right, missed, alarms, (found, lost, false))


def strongest_rival(decisions: Decisions, row: int, column: int) -> int | None:
    """Return the class with the highest score in an image that is absent from it; None if none is absent.

    Example:
        >>> scores, target = torch.tensor([[-1.0, 2.0, 0.5]]), torch.tensor([[1.0, 1.0, 0.0]])
        >>> decisions = decide(scores, target, target >= 0, thresholds=torch.zeros(3), task="multilabel")
        >>> strongest_rival(decisions, row=0, column=0)    # class 1 is in the picture and no rival
        2
    """
    rivals = decisions.absent[row].clone()
    rivals[column] = False
    if not rivals.any():
        return None
    return int(decisions.scores[row].masked_fill(~rivals, -torch.inf).argmax())


def names_where(flags: Tensor, classes: Sequence[str]) -> list[str]:
    """Return the classes whose flag in ``(C,)`` is set."""
    return [name for name, yes in zip(classes, flags.tolist(), strict=True) if yes]


def _extreme(margins: Tensor, kind: Tensor, limit: int, *, highest: bool) -> tuple[int, ...]:
    rows = torch.nonzero(kind).flatten()
    order = torch.argsort(margins[rows], descending=highest, stable=True)
    return tuple(rows[order[:limit]].tolist())
