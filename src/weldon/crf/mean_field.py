"""Mean field in a fully connected CRF: filter, add to the unary, normalise, again; and its exact gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from weldon.crf.kernels import KernelSum

CHUNK = 16384  # pixels a step on a CPU: what one step writes is still in the cache when the next reads it
NOTHING = 1e-20  # of the largest gradient: smaller ones would become subnormal, which costs a CPU threefold
SAFE_WEIGHT = 40.0  # messages stay below twice the kernels' weight, and exp below infinity


def mean_field(logits: Tensor, kernels: KernelSum | None, *, iterations: int) -> Tensor:
    r"""Return the marginals ``(P, C)`` of a dense CRF with Potts labels after synchronous updates.

    .. math:: Q^0 = softmax(-U), \qquad Q^{t+1} = softmax(-U + K Q^t)

    Krähenbühl and Koltun, "Efficient Inference in Fully Connected CRFs with Gaussian Edge Potentials", 2011,
    Algorithm 1. Differentiable once in ``logits`` (by the adjoint of K, keeping Q of every iteration), not
    in the kernels.

    Args:
        logits: ``(P, C)`` float, -U of every pixel, none above 0 (a constant per pixel changes nothing).
        kernels: K over the P pixels, weights included; None for no pairwise term.
        iterations: how many updates; 0 gives the softmax.
    """
    result: Tensor = _MeanField.apply(logits.contiguous(), kernels, 0 if kernels is None else iterations)
    return result


class _MeanField(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, kernels: KernelSum, iterations: int) -> Tensor:
        keep = ctx.needs_input_grad[0]
        history = [update(logits, None, logits, out=torch.empty_like(logits))]
        for _ in range(iterations):
            source = history[-1] if keep else history.pop()
            history.append(update(logits, kernels, source, out=torch.empty_like(logits) if keep else source))
        if keep:
            ctx.kernels = kernels
            ctx.save_for_backward(*history)
        return history[-1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        last, *earlier = reversed(ctx.saved_tensors)
        floor = 0.0 if gradient.is_cuda else NOTHING * float(gradient.abs().max())
        step = pull_back(last, None, gradient.contiguous(), out=torch.empty_like(last), floor=floor)
        total = step.clone()
        for marginals in earlier:
            total += pull_back(marginals, ctx.kernels, step, out=step, floor=floor)
        return total, None, None


def update(logits: Tensor, kernels: KernelSum | None, marginals: Tensor, *, out: Tensor) -> Tensor:
    """Write ``softmax(logits + K marginals)``, all ``(P, C)``, into ``out`` (which may be ``marginals``)."""
    tables = kernels.vertex_values(marginals) if kernels else ()
    bounded = kernels is None or kernels.weight <= SAFE_WEIGHT
    for part in chunks(logits):
        energy = kernels.slice(tables, part).add_(logits[part]) if kernels else logits[part]
        softmax_into(energy, out[part], bounded=bounded)
    return out


def pull_back(
    marginals: Tensor, kernels: KernelSum | None, step: Tensor, *, out: Tensor, floor: float
) -> Tensor:
    """Write into ``out`` (which may be ``step``) what reaches the argument of the softmax of ``marginals``.

    Args:
        marginals: ``(P, C)``, what the softmax gave.
        kernels: K between this softmax and the next; None if there is none.
        step: ``(P, C)``, the gradient at the argument of the next softmax, or at the result of the last.
        out: ``(P, C)``.
        floor: what is no larger becomes 0.
    """
    tables = kernels.vertex_values(step, transposed=True) if kernels else ()
    for part in chunks(marginals):
        weighted = marginals[part] * (kernels.slice(tables, part) if kernels else step[part])
        total = weighted.sum(1, keepdim=True)
        out[part] = F.hardshrink(weighted.addcmul_(marginals[part], total, value=-1), floor)
    return out


def chunks(rows: Tensor) -> Iterator[slice]:
    """Return runs of rows to work on one after the other: all at once on an accelerator."""
    size = len(rows) if rows.is_cuda else CHUNK
    return (slice(start, start + size) for start in range(0, len(rows), size))


def softmax_into(energy: Tensor, out: Tensor, *, bounded: bool) -> None:
    """Write the softmax of every row of ``energy`` into ``out``; ``bounded`` promises a finite exp."""
    if energy.is_cuda or not bounded:
        torch.softmax(energy, dim=1, out=out)
        return
    powers = energy.exp()  # on a CPU a third of the time of torch.softmax for a few labels
    torch.div(powers, powers.sum(1, keepdim=True), out=out)
