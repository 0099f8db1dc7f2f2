"""Average precision over a whole training set, exactly, in two passes: rank all, then learn by chunks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from weldon.errors import UsageError
from weldon.losses.ap.batch import JointBatch, LabelledScores, join_processes
from weldon.losses.ap.inference import Method, RankingOptions, rank_classes
from weldon.losses.reduction import reduce_losses


class FullSetAPLoss(nn.Module):
    r"""The loss of a set too large for one backward pass, and its exact gradient.

    The gradient of :func:`~weldon.losses.ap_loss` is :math:`\sum_i c_i \, \partial s_i / \partial w`, and the
    coefficients depend on the scores alone. So::

        loss = FullSetAPLoss()
        value = loss.fix(scores_of_all, target, mask)       # pass 1: scores (N, C), without gradient
        for rows, images in chunks:                         # pass 2: rows (n,) index pass 1's rows
            loss(net(images), rows).backward()
        optimizer.step()

    Each chunk returns its :math:`\sum_i c_i s_i`; over all rows, each seen once, the gradients add up to that
    of the mean over classes. Both passes must score alike: evaluation-mode BatchNorm and dropout, no random
    augmentation.

    Across processes, ``fix`` ranks the rows of all processes together, ``rows`` count in this process's own,
    and the gradient is multiplied by the number of processes, which DDP's averaging undoes.

    To step after every chunk with coefficients that grow old, as stochastic gradient descent does, set
    ``tolerance`` to None and multiply each chunk by N / n.

    ``normalize``, ``scale`` and ``method`` are those of :func:`~weldon.losses.ap_loss`.

    Args:
        tolerance: by how much, relative to ``1 + |score|``, a score may differ from pass 1; None does not
            look.
        across_processes: False keeps each process to its own rows.

    Example:
        >>> scores, target = torch.tensor([[0.0], [0.25]]), torch.tensor([[1], [0]])
        >>> loss = FullSetAPLoss()
        >>> loss.fix(scores, target)
        tensor(1.)
        >>> loss(scores[1:], torch.tensor([1]))  # the negative's coefficient is 2
        tensor(0.5000)
    """

    def __init__(
        self,
        *,
        normalize: bool = True,
        scale: float = 1.0,
        method: Method = "auto",
        tolerance: float | None = 1e-2,
        across_processes: bool = True,
    ) -> None:
        super().__init__()
        self.options = RankingOptions(normalize=normalize, scale=scale, method=method)
        self.tolerance, self.across_processes = tolerance, across_processes
        self.coefficients: Tensor | None = None
        self._fixed: Tensor | None = None
        self._index: Tensor | None = None

    @torch.no_grad()
    def fix(
        self, scores: Tensor, target: Tensor, mask: Tensor | None = None, *, index: Tensor | None = None
    ) -> Tensor:
        """Pass 1: rank all images, keep the coefficients, return the loss, a scalar.

        Args:
            scores: ``(N, C)`` float, the scores of all (of this process's) images.
            target: ``(N, C)``, 1 where the class is present and 0 where it is absent.
            mask: ``(N, C)`` bool, True on known cells; None means all are known.
            index: ``(N,)`` int64, a different number for each image, by which chunks name their rows; None
                numbers them as they come.

        Raises:
            UsageError: shapes, dtypes or values that do not fit.
        """
        self._index = _check_index(index, len(scores))
        batch = LabelledScores.of(scores, target, mask)
        share = self.across_processes
        rows, own, processes = join_processes(batch) if share else JointBatch.of_one(batch)
        loss, coefficients = rank_classes(rows, self.options)
        self.coefficients = coefficients[own] * processes / rows.rankable.sum().clamp(min=1)  # (N, C)
        self._fixed = batch.scores
        return reduce_losses(loss, rows.rankable)

    def forward(self, scores: Tensor, rows: Tensor) -> Tensor:
        """Pass 2: the part of these rows, a scalar to call ``backward`` on.

        Args:
            scores: ``(n, C)`` float, with gradient.
            rows: ``(n,)`` int64, which rows of pass 1 these are, or their ``index``.

        Raises:
            UsageError: no pass 1 came before, shapes that do not fit, or scores that are not those of pass 1.
        """
        if self.coefficients is None or self._fixed is None:
            raise UsageError("`fix` must be called with the scores of all images before the chunks")
        rows = self._locate(rows.to(self.coefficients.device))
        if scores.shape != (len(rows), self.coefficients.shape[1]):
            raise UsageError(
                f"`scores` must be (n, C) = {(len(rows), self.coefficients.shape[1])}, "
                f"got {tuple(scores.shape)}"
            )
        coefficients = self.coefficients[rows].to(scores.device)
        moving = coefficients != 0
        self._check_unmoved(scores.detach(), rows, moving)
        with torch.autocast(scores.device.type, enabled=False):
            return (coefficients * torch.where(moving, scores.to(coefficients.dtype), 0.0)).sum()

    def _locate(self, rows: Tensor) -> Tensor:
        """Rows of pass 1, from the numbers it was given."""
        if self._index is None:
            return rows
        ordered, order = self._index.to(rows.device).sort()
        place = torch.searchsorted(ordered, rows).clamp(max=len(ordered) - 1)
        missing = rows[ordered[place] != rows]
        if len(missing):
            raise UsageError(f"`rows` must be images of pass 1, got index {missing[0].item()}, which was not")
        return order[place]

    def _check_unmoved(self, scores: Tensor, rows: Tensor, moving: Tensor) -> None:
        if self.tolerance is None or self._fixed is None:
            return
        before = self._fixed[rows].to(scores.device)
        moved = moving & ((scores - before).abs() > self.tolerance * (1 + before.abs()))
        if moved.any():
            row, column = moved.nonzero()[0].tolist()
            raise UsageError(
                f"`scores` must be those of pass 1, got {scores[row, column].item():.4g} for row "
                f"{rows[row].item()}, class {column}, which was {before[row, column].item():.4g}: "
                "use evaluation mode and the same images in both passes, or set `tolerance`"
            )


def _check_index(index: Tensor | None, images: int) -> Tensor | None:
    if index is None:
        return None
    if index.dtype != torch.long or index.shape != (images,) or len(torch.unique(index)) != images:
        raise UsageError(
            f"`index` must be (N,) = ({images},) int64 without repetition, "
            f"got {index.dtype} {tuple(index.shape)}, {len(torch.unique(index))} different"
        )
    return index
