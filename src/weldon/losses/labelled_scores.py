"""Scores with what is known of them: the input of a ranking, checked once."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.losses.reduction import values_can_be_read

UNKNOWN = 2  # label of a cell that is neither known to be absent (0) nor known to be present (1)


class LabelledScores(NamedTuple):
    """Scores ``(N, C)``, detached, float32 or wider, and labels ``(N, C)`` uint8: 1, 0 or :data:`UNKNOWN`."""

    scores: Tensor
    label: Tensor

    @classmethod
    def of(cls, scores: Tensor, target: Tensor, mask: Tensor | None = None) -> LabelledScores:
        """Detach the scores and fold target and mask into labels.

        Args:
            scores: ``(N, C)`` float, any real.
            target: ``(N, C)``, any dtype, 1 where the class is present and 0 where it is absent.
            mask: ``(N, C)`` bool, True on known cells; None means all are known.

        Raises:
            UsageError: shapes, dtypes or values that do not fit (among them a known target of -1).

        Example:
            >>> known = torch.tensor([[True, False]])
            >>> LabelledScores.of(torch.zeros(1, 2), torch.tensor([[1.0, -1.0]]), known).label
            tensor([[1, 2]], dtype=torch.uint8)
        """
        _check_shapes(scores, target, mask)
        present = target == 1
        label = present.to(torch.uint8)
        wrong = target != present
        if mask is not None:
            label, wrong = label.masked_fill_(~mask, UNKNOWN), wrong & mask
        if values_can_be_read() and wrong.any():
            row, column = wrong.nonzero()[0].tolist()
            raise UsageError(
                "`target` must be 0 (absent) or 1 (present) on known cells, "
                f"got {target[row, column].item()} for image {row}, class {column}: "
                "mark unknown cells with `mask`"
            )
        return cls(scores.detach().to(torch.promote_types(scores.dtype, torch.float32)), label)

    @property
    def known(self) -> Tensor:
        """Which cells are known, ``(N, C)`` bool."""
        return self.label != UNKNOWN

    @property
    def rankable(self) -> Tensor:
        """1 for a class with positives and negatives, else 0, ``(C,)`` float32."""
        return (((self.label == 1).sum(0) > 0) & ((self.label == 0).sum(0) > 0)).float()


def _check_shapes(scores: Tensor, target: Tensor, mask: Tensor | None) -> None:
    if not scores.is_floating_point() or scores.ndim != 2 or scores.shape[1] == 0:
        raise UsageError(f"`scores` must be (N, C) floating point, got {scores.dtype} {tuple(scores.shape)}")
    if target.shape != scores.shape:
        raise UsageError(f"`target` must be (N, C) = {tuple(scores.shape)}, got shape {tuple(target.shape)}")
    if mask is not None and (mask.dtype != torch.bool or mask.shape != scores.shape):
        raise UsageError(
            f"`mask` must be (N, C) = {tuple(scores.shape)} bool, True on known cells, "
            f"got {mask.dtype} {tuple(mask.shape)}"
        )
