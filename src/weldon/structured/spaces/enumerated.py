"""Output spaces whose answers can be listed: binary, multi-class, and any other given by two matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

from weldon.errors import UsageError
from weldon.losses import structured_hinge_loss
from weldon.structured.spaces.space import OutputSpace, weighted_mean

DeltaMatrix: TypeAlias = Tensor | Sequence[Sequence[float]] | Any | None


class Enumerated(OutputSpace):
    r"""K answers, each scored by a fixed combination of the pooled scores.

    .. math:: s(x, y) = \sum_c M_{cy} \, s_c(x)

    A subclass says what ``M`` is (:meth:`combination`) and what an answer costs (:meth:`costs`); inference,
    loss-augmented inference, loss and probabilities follow. Targets and outputs are ``(N,)`` int64.

    Args:
        delta: ``(K, K)`` what each answer (column) costs for each truth (row), at least 0 and 0 on the
            diagonal; None means the space's own, 0/1 unless it says otherwise.

    Raises:
        UsageError: a matrix that is none.
    """

    def __init__(self, delta: DeltaMatrix = None) -> None:
        self.delta_matrix = None if delta is None else _check_delta(delta)

    def combination(self, num_scores: int) -> Tensor:
        """M, ``(C, K)``; the identity unless a subclass says otherwise."""
        return torch.eye(num_scores)

    def costs(self, num_outputs: int) -> Tensor:
        """Δ, ``(K, K)``: row truth, column answer; 0/1 unless a subclass says otherwise."""
        return 1 - torch.eye(num_outputs)

    def num_scores(self, num_classes: int) -> int:
        """C = K."""
        return num_classes

    def joint_scores(self, scores: Tensor) -> Tensor:
        """Score of every answer: ``(N, C)`` to ``(N, K)``."""
        return scores @ self.combination(scores.shape[1]).to(scores)

    def delta(self, target: Tensor, output: Tensor) -> Tensor:
        """Cost of each output: ``(N,)``."""
        costs = self.delta_matrix
        if costs is None:
            costs = self.costs(int(torch.max(target.max(), output.max())) + 1)
        return costs.to(target.device)[target, output]

    def decode(self, scores: Tensor) -> Tensor:
        """The answer of the highest score (Eq. 4): ``(N,)``."""
        return self.joint_scores(scores).argmax(dim=1)

    def loss_augmented_inference(self, scores: Tensor, target: Tensor) -> Tensor:
        """The answer of the highest score plus cost, by looking at all of them: ``(N,)``."""
        joint = self.joint_scores(scores)
        return (joint + self._costs(joint.shape[1]).to(joint)[target]).argmax(dim=1)

    def loss(self, scores: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Structured hinge of the joint scores (Eq. 6)."""
        joint = self.joint_scores(scores)
        costs = self._costs(joint.shape[1]).to(joint)
        return structured_hinge_loss(joint, target, task_loss=costs, weight=weight)

    def wanted(self, target: Tensor, num_scores: int) -> Tensor:
        """Which scores have their largest share, of all answers, in the score of the truth: ``(N, C)``."""
        combination = self.combination(num_scores)
        rise = combination[:, None, :] - combination[:, :, None]  # (C, truth, answer)
        falls, rises = (rise <= 0).all(dim=2), (rise >= 0).all(dim=2)
        if not (falls | rises).all():
            raise UsageError(
                f"{type(self).__name__} has a score that some answers raise and others lower for one truth: "
                "train it with solver='stochastic'"
            )
        return falls.T.to(target.device)[target]  # (N, C)

    def probabilities(self, scores: Tensor, *, beta: float) -> Tensor:
        """Softmax over the answers: ``(N, K)``."""
        return torch.softmax(beta * self.joint_scores(scores), dim=1)

    def log_loss(self, scores: Tensor, target: Tensor, weight: Tensor, *, beta: float) -> Tensor:
        """Mean negative log probability of the truth."""
        logs = torch.log_softmax(beta * self.joint_scores(scores), dim=1)
        return weighted_mean(-logs.gather(1, target.unsqueeze(1)).squeeze(1), weight)

    def _costs(self, num_outputs: int) -> Tensor:
        if self.delta_matrix is None:
            return self.costs(num_outputs)
        if len(self.delta_matrix) != num_outputs:
            raise UsageError(
                f"`delta` must be ({num_outputs}, {num_outputs}), a row and a column for each class, "
                f"got shape {tuple(self.delta_matrix.shape)}"
            )
        return self.delta_matrix


def _check_delta(delta: DeltaMatrix) -> Tensor:
    matrix = torch.as_tensor(delta, dtype=torch.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise UsageError(f"`delta` must be (K, K), row truth, column answer, got shape {tuple(matrix.shape)}")
    if not (matrix >= 0).all() or matrix.diagonal().any():
        raise UsageError(f"`delta` must be at least 0, and 0 on the diagonal, got {matrix.tolist()}")
    return matrix


class MultiClass(Enumerated):
    """One of K classes, a score each; ``delta`` may charge some mistakes more than others.

    Example:
        >>> space = MultiClass(delta=[[0, 1, 5], [1, 0, 1], [5, 1, 0]])
        >>> scores, truth = torch.tensor([[2.0, 1.5, 0.0]]), torch.tensor([0])
        >>> space.decode(scores), space.loss_augmented_inference(scores, truth)
        (tensor([0]), tensor([2]))
        >>> space.loss(scores, truth)  # 5 + 0 - 2
        tensor(3.)
    """


class Binary(Enumerated):
    r"""No or yes by one score: :math:`s(x, y) = \pm s(x) / 2`, hence the hinge :math:`\max(0, 1 \mp s)`.

    With ``delta=[[0, a], [b, 0]]`` a false alarm costs ``a`` and a miss ``b``.

    Example:
        >>> Binary().loss(torch.tensor([[0.25]]), torch.tensor([1]))  # 1 - 0.25
        tensor(0.7500)
        >>> Binary(delta=[[0, 1], [3, 0]]).loss(torch.tensor([[0.25]]), torch.tensor([1]))
        tensor(2.7500)
    """

    def combination(self, num_scores: int) -> Tensor:
        """Minus and plus half the score."""
        return torch.tensor([[-0.5, 0.5]])

    def num_scores(self, num_classes: int) -> int:
        """One.

        Raises:
            UsageError: more or fewer than two classes.
        """
        if num_classes != 2:
            raise UsageError(f"Binary() must have 2 classes, got {num_classes}")
        return 1
