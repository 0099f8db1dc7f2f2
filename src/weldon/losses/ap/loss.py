"""Average precision as the objective: a convex upper bound of 1 - AP, exact, for all classes at once."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from weldon.errors import UsageError
from weldon.losses.ap.batch import JointBatch, LabelledScores, join_processes
from weldon.losses.ap.inference import Method, RankingOptions, rank_classes
from weldon.losses.reduction import Reduction, reduce_losses


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


def ap_loss(
    scores: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    normalize: bool = True,
    scale: float = 1.0,
    reduction: Reduction = "mean",
    method: Method = "auto",
) -> Tensor:
    r"""Rank the images of each class; pay for the ranking that violates most.

    .. math:: \ell = \max_y \left[ \Delta_{ap}(y^*, y) + s(x, y) \right] - s(x, y^*) \;\ge\; 1 - AP

    Paper: Eq. 12 to 14; :func:`average_precision_inference` holds the arithmetic. The loss is convex in the
    scores, at least 0, and 0 exactly when every positive beats every negative by ``N (H(P + 1) - 1) / (2 P
    scale)``, where ``H`` is the harmonic number: 15.8 for 50 positives and 450 negatives.

    Args:
        scores: ``(N, C)`` float, any real.
        target: ``(N, C)``, any dtype, 1 where the class is present and 0 where it is absent.
        mask: ``(N, C)`` bool, True on known cells; None means all are known. Unknown cells may hold anything.
        normalize: divide the ranking score by ``P N``; False takes Eq. 12 to the letter.
        scale: factor on the ranking score, above 0.
        reduction: ``"mean"`` over the classes with positives and negatives (0 if there is none), ``"sum"``,
            or ``"none"``, which gives ``(C,)`` with 0 for the classes left out.
        method: how to find the ranking; see :func:`average_precision_inference`.

    Returns:
        A scalar or ``(C,)``, float32 or wider; NaN where a known score is NaN or infinite.

    Raises:
        UsageError: shapes, dtypes or values that do not fit (among them a known target other than 0 and 1).

    Example:
        >>> ap_loss(torch.tensor([[0.0], [0.25]]), torch.tensor([[1], [0]]))  # 1/2 and a margin of 2 * 0.25
        tensor(1.)
    """
    rows = LabelledScores.of(scores, target, mask)
    options = RankingOptions(normalize=normalize, scale=scale, method=method)
    losses = with_gradient(*rank_classes(rows, options), scores)
    return reduce_losses(losses, rows.rankable, reduction=reduction)


class _KnownGradient(torch.autograd.Function):
    """Values whose derivative was found with them, so that no graph is kept."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, losses: Tensor, coefficients: Tensor) -> Tensor:
        ctx.save_for_backward(coefficients)
        ctx.dtype = scores.dtype
        return losses.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        (coefficients,) = ctx.saved_tensors
        return (coefficients * upstream).to(ctx.dtype), None, None


def with_gradient(losses: Tensor, coefficients: Tensor, scores: Tensor) -> Tensor:
    """Give each class's loss its gradient: value ``losses (C,)``, derivative ``coefficients (N, C)``."""
    joined: Tensor = _KnownGradient.apply(scores, losses, coefficients)
    return joined


class APLoss(nn.Module):
    """Module of :func:`ap_loss`; in training it ranks across processes and, if asked, with recent images.

    **Across processes** (DDP): while training, the loss of every process is that of the joint batch. Each
    process
    passes gradient to its own rows alone, times the number of processes, because DDP averages gradients: the
    step is that of one process with the joined batch. Every process must then call the module equally often.

    **Memory**: the scores of the last ``memory`` images join the ranking as constants, so that a class that
    is rare in a batch has positives. The batch stands for all that is ranked: its gradient is multiplied by
    the number of images ranked over the number in the batch, so the learning rate keeps its meaning.
    ``loss.memory.forget()`` empties it.

    Neither happens in evaluation mode.

    ``normalize``, ``scale``, ``reduction`` and ``method`` are those of :func:`ap_loss`.

    Args:
        memory: images to remember; 0 for none.
        across_processes: False keeps each process to its own batch.

    Example:
        >>> loss = APLoss(memory=2)
        >>> scores = torch.tensor([[0.0], [0.25]], requires_grad=True)
        >>> loss(scores, torch.tensor([[1], [0]]))
        tensor(1., grad_fn=...)
    """

    def __init__(
        self,
        *,
        normalize: bool = True,
        scale: float = 1.0,
        reduction: Reduction = "mean",
        method: Method = "auto",
        memory: int = 0,
        across_processes: bool = True,
    ) -> None:
        super().__init__()
        if memory < 0:
            raise UsageError(f"`memory` must be a number of images, at least 0, got {memory}")
        self.options = RankingOptions(normalize=normalize, scale=scale, method=method)
        self.reduction = reduction
        self.across_processes = across_processes
        self.memory = ScoreMemory(memory) if memory else None

    def forward(self, scores: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Apply :func:`ap_loss` to the batch, the joint batch, or more."""
        batch = LabelledScores.of(scores, target, mask)
        joint, rows = self._rows(batch)
        loss, coefficients = rank_classes(rows, self.options)
        stands_for = len(rows.scores) / max(1, len(joint.rows.scores)) * joint.processes
        losses = with_gradient(loss, coefficients[joint.own] * stands_for, scores)
        return reduce_losses(losses, rows.rankable, reduction=self.reduction)

    def _rows(self, batch: LabelledScores) -> tuple[JointBatch, LabelledScores]:
        """The batch as it is shared, and all that is ranked with it."""
        share = self.training and self.across_processes
        joint = join_processes(batch) if share else JointBatch.of_one(batch)
        if self.memory is None or not self.training:
            return joint, joint.rows
        rows = self.memory.recall(joint.rows)
        self.memory.remember(joint.rows)
        return joint, rows
