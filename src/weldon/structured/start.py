"""Where the deterministic solver begins: average pooling solved, then followed down to the rule itself."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from weldon.pooling import AveragePool
from weldon.structured.linear import LinearScores
from weldon.structured.objective import Problem

_STEPS = 100
_FIRST_STEP = 0.1  # of Adam, in units of the root mean square of the parameters


def average_problem(problem: Problem) -> Problem | None:
    """The same problem with average pooling, which has no latent choice to guess; None for several maps."""
    if getattr(problem.pool, "maps_per_class", 1) > 1:
        return None
    return replace(problem, pool=AveragePool())


def descend(problem: Problem, linear: LinearScores, start: Tensor) -> Tensor:
    """Follow Eq. 7 down for a hundred subgradient steps over all bags, the latent choice made anew at each.

    The concave-convex procedure keeps the latent choice of a whole round, and so settles near its start; this
    lets the choices change one after the other first.

    Args:
        problem: what to minimise.
        linear: the scores of its instances.
        start: ``(D,)`` float64; it is not touched.

    Returns:
        The best parameters seen, ``(D,)``: never worse than the start.
    """
    scale = float(start.square().mean().sqrt())
    vector = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([vector], lr=_FIRST_STEP * scale)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, _STEPS)
    best, lowest = start, math.inf
    for _ in range(_STEPS + 1):
        optimiser.zero_grad()
        objective = problem.objective(linear.scores(vector), [vector])
        if float(objective.detach()) < lowest:
            best, lowest = vector.detach().clone(), float(objective.detach())
        objective.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        falling.step()
    return best
