"""The deterministic solver of Eq. 7: bound it by a convex problem, solve that to a certified gap, repeat.

Yuille and Rangarajan, "The Concave-Convex Procedure" (2003), with each latent rule split by
:class:`~weldon.structured.latent.Tangent`. Only for scores that are linear in the parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from weldon.structured.cutting_plane import Solution, minimise_risk
from weldon.structured.latent import Tangent
from weldon.structured.linear import LinearScores
from weldon.structured.objective import Problem
from weldon.structured.ragged import join_buckets
from weldon.structured.start import average_problem, descend

Record = dict[str, float]
Report = Callable[[Record], None]

_INNER_PROGRESS = 0.1  # a convex problem need not be solved better than a share of what it has gained
_START_GAP = 0.01


@dataclass(frozen=True, eq=False)
class ConvexBound:
    """The convex upper bound of a problem's loss that touches it at the scores given to :meth:`at`."""

    problem: Problem
    linear: LinearScores
    wanted: Tensor
    tangents: tuple[Tangent, ...]

    @classmethod
    def at(cls, problem: Problem, linear: LinearScores, parameters: Tensor) -> ConvexBound:
        """Bound the loss where it is with these parameters ``(D,)``."""
        flat = linear.scores(parameters)
        tangents = tuple(Tangent(problem.pool, flat, bucket) for bucket in problem.bags.buckets)
        num_scores = linear.num_scores // getattr(problem.pool, "maps_per_class", 1)
        return cls(problem, linear, problem.space.wanted(problem.target, num_scores), tangents)

    def scores(self, parameters: Tensor) -> Tensor:
        """Scores of the instances: ``(T, C)``."""
        return self.linear.scores(parameters)

    def value(self, scores: Tensor) -> float:
        """The bound."""
        with torch.no_grad():
            return float(self._loss(scores))

    def slope(self, scores: Tensor) -> tuple[float, Tensor]:
        """The bound and a subgradient of it by the parameters."""
        leaf = scores.detach().requires_grad_()
        loss = self._loss(leaf)
        (gradient,) = torch.autograd.grad(loss, leaf)
        return float(loss.detach()), self.linear.pull_back(gradient)

    def _loss(self, scores: Tensor) -> Tensor:
        pooled = [tangent.majorise(scores, self.wanted) for tangent in self.tangents]
        joined = join_buckets(pooled, self.problem.bags.buckets).double()
        return self.problem.space.loss(joined, self.problem.target, self.problem.weight)


def solve_concave_convex(
    problem: Problem,
    linear: LinearScores,
    start: Tensor | None = None,
    *,
    tol: float = 1e-3,
    max_iter: int = 50,
    max_planes: int = 500,
    report: Report | None = None,
) -> tuple[Tensor, list[Record]]:
    """Lower Eq. 7 from bound to bound; no step raises it.

    Without a start it begins at the solution of average pooling, which is convex and has no latent choice to
    guess, and follows the objective down from there (:func:`~weldon.structured.start.descend`). Where it ends
    is a local minimum: Eq. 7 has several unless the rule is linear.

    Args:
        problem: what to minimise.
        linear: the scores of its instances.
        start: ``(D,)`` float64 parameters to begin with.
        tol: relative gap of each convex problem, and relative gain of a round under which it ends.
        max_iter: rounds at most.
        max_planes: cutting planes at most in each round.
        report: called with each record as it is made.

    Returns:
        The parameters ``(D,)``, and a record for each round: ``round``, ``objective`` (Eq. 7, exact),
        ``bound`` (what the round's convex problem cannot fall under) and ``planes``.
    """
    parameters = _first_guess(problem, linear, max_planes) if start is None else start
    history: list[Record] = []
    best = _objective(problem, linear, parameters)
    _append(history, report, Solution(parameters, best, float("nan"), 0), best)
    for _ in range(max_iter):
        solution = _minimise(problem, linear, parameters, gap=tol, max_planes=max_planes)
        objective = _objective(problem, linear, solution.parameters)
        gained = best - objective
        if gained > 0:
            parameters, best = solution.parameters, objective
        _append(history, report, solution, best)
        if gained <= tol * abs(best):
            break
    return parameters, history


def _minimise(
    problem: Problem, linear: LinearScores, start: Tensor, *, gap: float, max_planes: int
) -> Solution:
    return minimise_risk(
        ConvexBound.at(problem, linear, start),
        start,
        weight_decay=problem.weight_decay,
        gap=gap,
        max_iter=max_planes,
        progress=_INNER_PROGRESS,
    )


def _first_guess(problem: Problem, linear: LinearScores, max_planes: int) -> Tensor:
    nothing = torch.zeros(linear.size, dtype=torch.float64)
    averaged = average_problem(problem)
    if averaged is None:
        return nothing
    solved = _minimise(averaged, linear, nothing, gap=_START_GAP, max_planes=max_planes).parameters
    return descend(problem, linear, solved)


def _objective(problem: Problem, linear: LinearScores, parameters: Tensor) -> float:
    with torch.no_grad():
        return float(problem.objective(linear.scores(parameters), [parameters]))


def _append(history: list[Record], report: Report | None, solution: Solution, objective: float) -> None:
    record = {
        "round": len(history),
        "objective": objective,
        "bound": solution.lower_bound,
        "planes": solution.iterations,
    }
    history.append(record)
    if report is not None:
        report(record)
