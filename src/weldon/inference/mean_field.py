"""Mean field in a fully connected CRF: filter, add to the unary, normalise, again; and its exact gradient."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from weldon.inference.gaussian_kernel import KernelSum

CHUNK = 16384  # pixels a step on a CPU: what one step writes is still in the cache when the next reads it
LOWEST_LOGIT = -60.0  # below the best label's: exp stays a normal number
SAFE_WEIGHT = 40.0  # messages stay below twice the kernels' weight, and exp below infinity


def mean_field(logits: Tensor, kernels: KernelSum | None, *, iterations: int) -> Tensor:
    r"""Return the marginals ``(P, C)`` of a dense CRF with Potts labels after synchronous updates.

    .. math:: Q^0 = softmax(-U), \qquad Q^{t+1} = softmax(-U + K Q^t)

    Krähenbühl and Koltun, "Efficient Inference in Fully Connected CRFs with Gaussian Edge Potentials", 2011,
    Algorithm 1. Differentiable once in ``logits`` (by the adjoint of K, keeping Q of every iteration), not
    in the kernels.

    Args:
        logits: ``(P, C)`` float, -U of every pixel, up to a constant per pixel.
        kernels: K over the P pixels, weights included; None for no pairwise term.
        iterations: how many updates; 0 gives the softmax.
    """
    result: Tensor = _MeanField.apply(logits, kernels, 0 if kernels is None else iterations)
    return result


class _MeanField(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, kernels: KernelSum, iterations: int) -> Tensor:
        keep = ctx.needs_input_grad[0]
        logits = (logits - logits.amax(1, keepdim=True)).clamp_(min=LOWEST_LOGIT)
        history = [torch.softmax(logits, dim=1)]
        for _ in range(iterations):
            out = torch.empty_like(logits) if keep else history.pop()
            source = history[-1] if keep else out
            history.append(update(logits, kernels, source, out=out))
        if keep:
            ctx.kernels = kernels
            ctx.save_for_backward(*history)
        return history[-1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        *earlier, last = ctx.saved_tensors
        step = through_softmax(last, gradient)
        total = step
        for marginals in reversed(earlier):
            step = through_softmax(marginals, ctx.kernels(step, transposed=True))
            total = total + step
        return total, None, None


def update(logits: Tensor, kernels: KernelSum, marginals: Tensor, *, out: Tensor) -> Tensor:
    """Write ``softmax(logits + K marginals)``, all ``(P, C)``, into ``out`` (which may be ``marginals``)."""
    table = kernels.vertex_values(marginals)
    size = logits.shape[0] if logits.is_cuda else CHUNK
    for start in range(0, logits.shape[0], size):
        energy = kernels.slice.part(start, start + size)(table).add_(logits[start : start + size])
        softmax_into(energy, out[start : start + size], small=kernels.weight <= SAFE_WEIGHT)
    return out


def softmax_into(energy: Tensor, out: Tensor, *, small: bool) -> None:
    """Write the softmax of every row of ``energy`` into ``out``; ``small`` promises that exp is finite."""
    if energy.is_cuda or not small:
        torch.softmax(energy, dim=1, out=out)
        return
    torch.exp(energy, out=out)  # a third of the time of torch.softmax for a few labels on a CPU
    out /= out.sum(1, keepdim=True)


def through_softmax(marginals: Tensor, gradient: Tensor) -> Tensor:
    """Carry a gradient from the softmax of every row to its argument."""
    weighted = marginals * gradient
    return weighted - marginals * weighted.sum(1, keepdim=True)
