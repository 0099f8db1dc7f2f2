"""One call for both solvers: which one, how long, and the scoring function it leaves behind."""

from __future__ import annotations

import copy
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from weldon.data.bags.bag_set import BagDataset
from weldon.errors import UsageError
from weldon.structured.concave_convex import solve_concave_convex
from weldon.structured.linear import LinearScores, LogLinear, feature_dtype
from weldon.structured.objective import Problem
from weldon.structured.ragged import PackedBags
from weldon.structured.stochastic import Schedule, solve_stochastic

Record = dict[str, float]

_DETERMINISTIC_VALUES = 20_000_000  # more features than this and "auto" goes by mini-batches
_STEPS, _FEWEST_EPOCHS, _MOST_EPOCHS, _ROUNDS = 3000, 10, 300, 50


@dataclass(frozen=True)
class SolverOptions:
    """The options of both solvers, as the estimators have them."""

    solver: str
    max_iter: int | None
    tol: float
    batch_size: int | None
    learning_rate: float
    verbose: bool


def build_scorer(
    scorer: nn.Module | Callable[[int, int], nn.Module] | None,
    packed: PackedBags,
    num_scores: int,
    *,
    intercept: bool,
    seed: int,
) -> nn.Module:
    """Build the scoring function F over instances, in the dtype of the features.

    Args:
        scorer: None for the log-linear one, a module to copy, or a function of the numbers of features and
            of scores that makes one.
        packed: the bags it is to score.
        num_scores: C, times the maps per class of the pooling.
        intercept: whether the log-linear one has intercepts.
        seed: of its random start.

    Raises:
        UsageError: what makes no module, or a module that gives another number of scores.
    """
    dtype = feature_dtype(packed.values)
    if scorer is None:
        return LogLinear(packed.values.shape[1], num_scores, intercept=intercept).to(dtype)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = (
            copy.deepcopy(scorer)
            if isinstance(scorer, nn.Module)
            else scorer(packed.values.shape[1], num_scores)
        )
    if not isinstance(made, nn.Module):
        raise UsageError(f"`scorer` must be or make a torch.nn.Module, got {type(made).__name__}")
    with torch.no_grad():
        shape = tuple(made.to(dtype).eval()(packed.values[:1]).shape)
    if shape != (1, num_scores):
        raise UsageError(f"`scorer` must give {num_scores} scores for each instance, got shape {shape}")
    return made


def fit_scorer(
    problem: Problem,
    bags: BagDataset,
    scorer: nn.Module,
    options: SolverOptions,
    *,
    random: Any,
    resume: bool,
) -> tuple[str, list[Record]]:
    """Minimise Eq. 7 by the scorer's parameters, in place.

    Returns:
        The solver that was used, and its records.

    Raises:
        UsageError: the deterministic solver asked to train a scorer that is not log-linear.
    """
    linear = isinstance(scorer, LogLinear)
    solver = _choose(options.solver, linear, bags)
    report = _print_record if options.verbose else None
    if solver == "cccp":
        return solver, _fit_linear(problem, scorer, options, report, resume=resume)  # type: ignore[arg-type]
    schedule = Schedule(
        epochs=options.max_iter or _epochs(len(bags), options.batch_size),
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        **({"warm_up": 0.0} if resume else {}),
    )
    return solver, solve_stochastic(problem, bags, scorer, schedule, random=random, report=report)


def _choose(solver: str, linear: bool, bags: BagDataset) -> str:
    if solver == "cccp" and not linear:
        raise UsageError("`solver` must be 'stochastic' for a scorer of your own, got 'cccp'")
    if solver != "auto":
        return solver
    stored = bags.values.nnz if hasattr(bags.values, "nnz") else bags.values.size
    return "cccp" if linear and stored <= _DETERMINISTIC_VALUES else "stochastic"


def _fit_linear(
    problem: Problem, scorer: LogLinear, options: SolverOptions, report: Any, *, resume: bool
) -> list[Record]:
    linear = LinearScores(problem.bags.values, scorer.weight.shape[0], scorer.bias is not None)
    start = linear.join(scorer.weight, scorer.bias) if resume else None
    vector, history = solve_concave_convex(
        problem, linear, start, tol=options.tol, max_iter=options.max_iter or _ROUNDS, report=report
    )
    weight, bias = linear.split(vector)
    with torch.no_grad():
        scorer.weight.copy_(weight)
        if scorer.bias is not None and bias is not None:
            scorer.bias.copy_(bias)
    return history


def _epochs(count: int, batch_size: int | None) -> int:
    steps = math.ceil(count / (batch_size or count))
    return min(max(math.ceil(_STEPS / steps), _FEWEST_EPOCHS), _MOST_EPOCHS)


def _print_record(record: Record) -> None:
    sys.stdout.write("  ".join(f"{name} {value:.6g}" for name, value in record.items()) + "\n")
    sys.stdout.flush()


def instance_scores(scorer: nn.Module, packed: PackedBags) -> Tensor:
    """Scores of all instances, without gradient: ``(T, C)``."""
    with torch.no_grad():
        scores: Tensor = scorer(packed.values)
    return scores


def seeded(random_state: Any) -> tuple[np.random.RandomState, int]:
    """A source of random numbers, and a seed drawn from it for torch."""
    from sklearn.utils import check_random_state

    random: np.random.RandomState = check_random_state(random_state)
    return random, int(random.randint(2**31 - 1))
