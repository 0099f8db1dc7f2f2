"""The scores of recent images, so that a class which is rare in a batch is ranked with more of its kind."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from weldon.errors import UsageError
from weldon.losses.labelled_scores import LabelledScores


class ScoreMemory(nn.Module):
    """Keeps the scores and labels of the last ``size`` images, as constants.

    What it holds goes into ``state_dict``, so that a resumed training continues as it would have.

    Example:
        >>> memory, ones = ScoreMemory(3), torch.ones(2, 1)
        >>> for value in (1.0, 2.0):
        ...     memory.remember(LabelledScores(value * ones, ones.to(torch.uint8)))
        >>> batch = LabelledScores(3 * ones, ones.to(torch.uint8))
        >>> memory.recall(batch).scores.flatten()  # the batch comes first
        tensor([3., 3., 2., 2., 1.])
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        if size < 1:
            raise UsageError(f"`size` must be at least 1 image, got {size}")
        self.size = size
        self._rows: LabelledScores | None = None

    def recall(self, batch: LabelledScores) -> LabelledScores:
        """The batch, followed by what is remembered, the most recent first."""
        if self._rows is None:
            return batch
        return LabelledScores(
            *(torch.cat([new, old.to(new)]) for new, old in zip(batch, self._rows, strict=True))
        )

    def remember(self, batch: LabelledScores) -> None:
        """Put the batch in front and let the oldest images go."""
        self._rows = LabelledScores(*(part[: self.size].clone() for part in self.recall(batch)))

    def forget(self) -> None:
        """Hold nothing: the scores of another network, or of other data, are no company."""
        self._rows = None

    def get_extra_state(self) -> dict[str, Any]:
        """What is remembered, for ``state_dict``."""
        return {} if self._rows is None else self._rows._asdict()

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Remember what ``state_dict`` held."""
        self._rows = LabelledScores(**state) if state else None
