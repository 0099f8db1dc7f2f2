"""Combine the scores of several scales by one linear classifier over all of them (Object Bank).

Idea: Li, Su, Xing and Fei-Fei, NIPS 2010; the paper's Table 3 names the scales and their regions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.metrics import average_precision, topk_accuracy

# Paper, Table 3: cells along a side of the map -> k+ = k-, for 224, 280, 320, 374, 448, 560 and 747 px.
TABLE_3 = {7: 5, 9: 10, 10: 20, 12: 30, 14: 50, 18: 75, 24: 100}

# Inverse strengths of regularisation, on standardised features, among which cross-validation chooses.
STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
FOLDS = 5


def table3_count(image_size: int, stride: int = 32) -> int | None:
    """Return the paper's number of regions for an image size, None where Table 3 has no map of that side.

    Sizes that are no multiple of the stride cut the last cell; 288 px has the same 9 x 9 cells as 280.

    Example:
        >>> table3_count(280), table3_count(288), table3_count(448), table3_count(512)
        (10, 10, 50, None)
    """
    return TABLE_3.get(-(-image_size // stride))


def average_scales(scores: Sequence[Tensor]) -> Tensor:
    """Average the scores ``(N, C)`` of S scales.

    Example:
        >>> average_scales([torch.tensor([[1.0, 4.0]]), torch.tensor([[3.0, 0.0]])])
        tensor([[2., 2.]])
    """
    return torch.stack(_checked(scores)).mean(0)


def side_by_side(scores: Sequence[Tensor]) -> Tensor:
    """Put the scores ``(N, C)`` of S scales side by side, ``(N, S·C)``, scale after scale.

    Raises:
        UsageError: no scale, or scales of different shapes.

    Example:
        >>> side_by_side([torch.tensor([[1.0, 4.0]]), torch.tensor([[3.0, 0.0]])])
        tensor([[1., 4., 3., 0.]])
    """
    return torch.cat(_checked(scores), dim=1)


@dataclass(frozen=True)
class ObjectBank:
    """The final linear classifier over the scores of S scales; :func:`fit_object_bank` makes it.

    Args:
        centre: ``(S·C,)`` mean of each feature on the images it was fitted on.
        spread: ``(S·C,)`` their standard deviation.
        weight: ``(C, S·C)`` on standardised features.
        bias: ``(C,)``.
        strength: the inverse regularisation that cross-validation chose.
        validated: mAP (or accuracy, for one class an image) of each strength on the left-out folds.
    """

    centre: Tensor
    spread: Tensor
    weight: Tensor
    bias: Tensor
    strength: float
    validated: dict[float, float]

    def __call__(self, scores: Sequence[Tensor]) -> Tensor:
        """Combine the scores ``(N, C)`` of S scales into ``(N, C)``: logits of probabilities."""
        features = (side_by_side(scores).double() - self.centre) / self.spread  # (N, S·C)
        return (features @ self.weight.T + self.bias).to(scores[0].dtype)


def fit_object_bank(
    scores: Sequence[Tensor],
    target: Tensor,
    known: Tensor | None = None,
    *,
    task: str = "multilabel",
    groups: Sequence[str] | None = None,
    strengths: Sequence[float] = STRENGTHS,
    folds: int = FOLDS,
    seed: int = 0,
) -> ObjectBank:
    """Fit the classifier on training images; cross-validation chooses how strongly it is regularised.

    Args:
        scores: of S scales, each ``(N, C)``.
        target: ``(N, C)`` in {0, 1}.
        known: ``(N, C)`` bool; unknown cells teach nothing. None: all are known.
        task: ``multilabel`` fits one logistic regression a class, ``multiclass`` one softmax.
        groups: N names; images of one group are left out together. None: each is on its own.
        strengths: inverse regularisations to choose among.
        folds: of the cross-validation.
        seed: of the division into folds.

    Raises:
        UsageError: shapes that do not fit, an unknown task, fewer images (or groups) than folds.
    """
    features = side_by_side(scores).double()  # (N, S·C)
    if target.shape != scores[0].shape:
        raise UsageError(f"`target` must be {tuple(scores[0].shape)}, got {tuple(target.shape)}")
    if task not in ("multilabel", "multiclass"):
        raise UsageError(f"`task` must be multilabel or multiclass, got {task!r}")
    known = torch.ones_like(target, dtype=torch.bool) if known is None else known
    centre, spread = features.mean(0), features.std(0).clamp(min=1e-9)
    standard = (features - centre) / spread
    fold = divide(groups or [str(row) for row in range(len(target))], folds, seed)
    fit = _fit_softmax if task == "multiclass" else _fit_logistic
    validated = {}
    for strength in strengths:
        left_out = torch.empty_like(target, dtype=torch.float64)
        for number in range(folds):
            inside = fold != number
            weight, bias = fit(standard[inside], target[inside], known[inside], strength)
            left_out[~inside] = standard[~inside] @ weight.T + bias
        validated[strength] = quality(left_out, target, known, task=task)
    best = max(validated, key=lambda strength: (validated[strength], -strength))
    return ObjectBank(centre, spread, *fit(standard, target, known, best), best, validated)


def quality(scores: Tensor, target: Tensor, known: Tensor, *, task: str) -> float:
    """Return accuracy for ``multiclass``, else mAP over the classes with positives."""
    if task == "multiclass":
        return float(topk_accuracy(scores, target.argmax(1)))
    precision = average_precision(scores, target, known)  # NaN for classes without positives
    return float(precision.nanmean())


def divide(groups: Sequence[str], folds: int, seed: int) -> Tensor:
    """Return the fold of each image, ``(N,)``; images of one group share it.

    Raises:
        UsageError: fewer groups than folds.

    Example:
        >>> divide(["a", "b", "a", "c"], 3, seed=0).unique().tolist()
        [0, 1, 2]
    """
    names = sorted(set(groups))
    if not 2 <= folds <= len(names):
        raise UsageError(f"`folds` must be from 2 to the number of images, {len(names)}, got {folds!r}")
    order = np.random.default_rng(seed).permutation(len(names))
    of = {name: int(place) % folds for name, place in zip(names, order, strict=True)}
    return torch.tensor([of[name] for name in groups])


def _fit_logistic(features: Tensor, target: Tensor, known: Tensor, strength: float) -> tuple[Tensor, Tensor]:
    """One logistic regression a class; a class that is seen on one side only averages its scales."""
    classes, count = target.shape[1], features.shape[1]
    weight = torch.zeros(classes, count, dtype=torch.float64)
    bias = torch.zeros(classes, dtype=torch.float64)
    for column in range(classes):
        seen = known[:, column]
        truth = target[seen, column].numpy()
        if len(np.unique(truth)) < 2:
            weight[column, column::classes] = classes / count
            continue
        model = _regression(strength).fit(features[seen].numpy(), truth)
        weight[column], bias[column] = torch.from_numpy(model.coef_[0]), float(model.intercept_[0])
    return weight, bias


def _fit_softmax(features: Tensor, target: Tensor, known: Tensor, strength: float) -> tuple[Tensor, Tensor]:
    """One softmax over the classes that are seen; the others can hardly be chosen."""
    classes, count = target.shape[1], features.shape[1]
    truth = target.argmax(1).numpy()
    seen = np.unique(truth)
    if len(seen) == 1:
        return torch.zeros(classes, count, dtype=torch.float64), target.double().mean(0)
    model = _regression(strength).fit(features.numpy(), truth)
    sides = (-model.coef_, model.coef_) if len(seen) == 2 else (model.coef_,)
    shifts = (-model.intercept_, model.intercept_) if len(seen) == 2 else (model.intercept_,)
    weight = torch.zeros(classes, count, dtype=torch.float64)
    bias = torch.full((classes,), -1e3, dtype=torch.float64)
    halves = 2 if len(seen) == 2 else 1  # two classes have one vector, the difference of both logits
    weight[seen] = torch.from_numpy(np.concatenate(sides) / halves)
    bias[seen] = torch.from_numpy(np.concatenate(shifts) / halves)
    return weight, bias


def _regression(strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=1000, tol=1e-4)


def _checked(scores: Sequence[Tensor]) -> list[Tensor]:
    shapes = {tuple(part.shape) for part in scores}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        raise UsageError(f"`scores` must be tensors (N, C) of one shape, got {sorted(shapes)}")
    return list(scores)
