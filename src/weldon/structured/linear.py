"""The log-linear scoring function, one product for the instances of all bags, dense or sparse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

_SPARSE_GRADIENT = 0.1  # share of the scores with a gradient under which the others are not multiplied


class _RegionScores(torch.autograd.Function):
    """``values @ weight.T``, whose backward pass reads the instances that were selected and no others."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, values: Any) -> Tensor:
        """Score every instance: ``(C, F)`` to ``(T, C)``."""
        ctx.values = values
        if isinstance(values, Tensor):
            return values @ weight.T
        return torch.from_numpy(np.ascontiguousarray(values @ weight.detach().numpy().T))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Sum gradient times features: ``(T, C)`` to ``(C, F)``."""
        return pull_back(ctx.values, gradient), None


def region_scores(values: Any, weight: Tensor) -> Tensor:
    r"""Score instances linearly.

    .. math:: F_w(x, y, h) = \langle w_y, x_h \rangle

    Paper: the log-linear :math:`\langle w, \Psi(x, y, h) \rangle` of MANTRA, section 3.2.

    Args:
        values: ``(T, F)`` tensor, or SciPy sparse array in CSR form.
        weight: ``(C, F)`` float of the same dtype.

    Returns:
        ``(T, C)``; differentiable by ``weight``.

    Example:
        >>> region_scores(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 1.0], [0.0, -1.0]]))
        tensor([[ 5., -2.]])
    """
    scores: Tensor = _RegionScores.apply(weight, values)
    return scores


def pull_back(values: Any, gradient: Tensor) -> Tensor:
    """Gradient of the weights ``(C, F)`` from that of the scores ``(T, C)``: ``gradient.T @ values``.

    A rule that chooses regions leaves most of the gradient zero; only what is not is then multiplied.
    """
    if sp.issparse(values):
        rows = (gradient != 0).any(dim=1).nonzero().squeeze(1).numpy()
        return torch.from_numpy(np.ascontiguousarray((values[rows].T @ gradient.numpy()[rows]).T))
    if values.is_cpu and int(gradient.count_nonzero()) < _SPARSE_GRADIENT * gradient.numel():
        return torch.from_numpy(sp.csr_array(gradient.numpy()).T @ values.numpy())
    total: Tensor = gradient.T @ values
    return total


class LogLinear(nn.Module):
    """Module of :func:`region_scores`, with an intercept for each score; begins at zero.

    Example:
        >>> LogLinear(2, 3)(torch.ones(4, 2)).shape
        torch.Size([4, 3])
    """

    def __init__(self, num_features: int, num_scores: int, *, intercept: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(num_scores, num_features))
        self.bias = nn.Parameter(torch.zeros(num_scores)) if intercept else None

    def forward(self, values: Any) -> Tensor:
        """Score instances ``(T, F)``: ``(T, C)``."""
        scores = region_scores(values, self.weight)
        return scores if self.bias is None else scores + self.bias


@dataclass(frozen=True, eq=False)
class LinearScores:
    """The same scores as a linear function of one vector of parameters ``(D,)`` float64, for convex solvers.

    Args:
        values: ``(T, F)`` tensor or SciPy CSR array.
        num_scores: C.
        intercept: whether the vector ends with C intercepts, after the ``C·F`` weights.
    """

    values: Any
    num_scores: int
    intercept: bool

    @property
    def size(self) -> int:
        """D."""
        return self.num_scores * int(self.values.shape[1] + self.intercept)

    def split(self, vector: Tensor) -> tuple[Tensor, Tensor | None]:
        """Weights ``(C, F)`` and intercepts ``(C,)``."""
        size = self.num_scores * self.values.shape[1]
        return vector[:size].view(self.num_scores, -1), vector[size:] if self.intercept else None

    def scores(self, vector: Tensor) -> Tensor:
        """Scores of the instances: ``(T, C)`` in the dtype of the features."""
        weight, bias = self.split(vector.to(feature_dtype(self.values)))
        scores = region_scores(self.values, weight)
        return scores if bias is None else scores + bias

    def pull_back(self, gradient: Tensor) -> Tensor:
        """Gradient by the vector, from that by the scores ``(T, C)``."""
        weight = pull_back(self.values, gradient).flatten()
        return (torch.cat([weight, gradient.sum(dim=0)]) if self.intercept else weight).double()

    def join(self, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The vector of these weights and intercepts."""
        return torch.cat([part.detach().flatten() for part in (weight, bias) if part is not None]).double()


def feature_dtype(values: Any) -> torch.dtype:
    """The dtype of a feature table, whichever library it belongs to."""
    if isinstance(values, Tensor):
        return values.dtype
    return torch.float32 if values.dtype == np.float32 else torch.float64
