"""The stochastic solver of Eq. 7: mini-batches of bags, Adam, and a step that falls to zero."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from weldon.data.bags.bag_set import BagDataset
from weldon.structured.objective import Problem, penalty
from weldon.structured.ragged import PackedBags, bucket_bags
from weldon.structured.start import average_problem

Record = dict[str, float]
Report = Callable[[Record], None]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast.

    Args:
        epochs: passes over the bags.
        batch_size: bags in a step; None for all of them.
        learning_rate: Adam's first step; it falls to zero along half a cosine.
        warm_up: share of the epochs, the first ones, that pool by the average: at scores that are all alike
            the latent choice would fall on whatever instance comes first.
    """

    epochs: int
    batch_size: int | None
    learning_rate: float
    warm_up: float = 0.2


def pack(bags: BagDataset, *, dense: bool = False) -> PackedBags:
    """Bags as solvers want them: dense features as a tensor that shares their memory, sparse ones as CSR."""
    values: Any = bags.values
    if sp.issparse(values):
        values = torch.from_numpy(values.toarray()) if dense else values
    else:
        values = torch.from_numpy(np.require(values, requirements=["C", "W"]))
    return PackedBags(values, bucket_bags(bags.offsets))


def solve_stochastic(
    problem: Problem,
    bags: BagDataset,
    scorer: nn.Module,
    schedule: Schedule,
    *,
    random: np.random.RandomState,
    report: Report | None = None,
) -> list[Record]:
    """Train a scoring function in place and leave it at the best of its epochs.

    Args:
        problem: what to minimise.
        bags: the bags it was packed from.
        scorer: module from instances ``(T, F)`` to scores ``(T, C)``.
        schedule: how long and how fast.
        random: the order of the bags.
        report: called with each record as it is made.

    Returns:
        A record for each epoch, the start included: ``round`` and ``objective`` (Eq. 7 over all bags, exact).
    """
    optimiser = torch.optim.Adam(scorer.parameters(), lr=schedule.learning_rate)
    steps = _steps(len(bags), schedule)
    falling = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: 0.5 * (1 + math.cos(math.pi * step / steps))
    )
    history: list[Record] = []
    best = _record(history, report, problem, scorer)
    state = copy.deepcopy(scorer.state_dict())
    averaged = average_problem(problem) or problem
    for epoch in range(schedule.epochs):
        scorer.train()
        current = averaged if epoch < schedule.warm_up * schedule.epochs else problem
        for batch in _batches(current, bags, schedule.batch_size, random):
            optimiser.zero_grad()
            loss = batch.loss(scorer(batch.bags.values)) * _share(batch, problem)
            (loss + penalty(scorer.parameters(), problem.weight_decay)).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            falling.step()
        objective = _record(history, report, problem, scorer)
        if objective < best:
            best, state = objective, copy.deepcopy(scorer.state_dict())
    scorer.load_state_dict(state)
    scorer.eval()
    return history


def _steps(count: int, schedule: Schedule) -> int:
    return schedule.epochs * math.ceil(count / (schedule.batch_size or count))


def _batches(
    problem: Problem, bags: BagDataset, size: int | None, random: np.random.RandomState
) -> Iterator[Problem]:
    """The problem on parts of its bags, each bag once."""
    if size is None or size >= len(bags):
        yield problem
        return
    dense = isinstance(problem.bags.values, Tensor)
    order = random.permutation(len(bags))
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        index = torch.from_numpy(chosen)
        weight = None if problem.weight is None else problem.weight[index]
        part = pack(bags.select(chosen), dense=dense)
        yield replace(problem, bags=part, target=problem.target[index], weight=weight)


def _share(batch: Problem, whole: Problem) -> Tensor | float:
    """How much of the set's weight an average bag of the batch carries."""
    if batch.weight is None or whole.weight is None:
        return 1.0
    return batch.weight.mean() / whole.weight.mean()


def _record(history: list[Record], report: Report | None, problem: Problem, scorer: nn.Module) -> float:
    scorer.eval()
    with torch.no_grad():
        objective = float(problem.objective(scorer(problem.bags.values), scorer.parameters()))
    record = {"round": float(len(history)), "objective": objective}
    history.append(record)
    if report is not None:
        report(record)
    return objective
