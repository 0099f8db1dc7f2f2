"""Both solvers of Eq. 7 from their own starts, and the deterministic one from others: a plot.

python benchmarks/structured_solvers.py            # a minute; writes docs/images/structured_solvers.png
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes

from provenance import write_results
from weldon.structured import (
    BagDataset,
    LinearScores,
    LogLinear,
    MultiClass,
    Problem,
    Schedule,
    build_latent_rule,
    pack,
    solve_concave_convex,
    solve_stochastic,
)

RULES = {"gap": "GAP (convex)", "lssvm": "LSSVM (max)", "hcrf": "HCRF", "mantra": "MANTRA"}
BAGS, CLASSES, FEATURES, INSTANCES, DECAY = 90, 3, 6, 8, 0.03
SCHEDULE = Schedule(epochs=400, batch_size=30, learning_rate=0.03)
FIGURE = Path(__file__).parents[1] / "docs" / "images" / "structured_solvers.png"


def main() -> None:
    bags, labels = make_bags()
    figure, axes = plt.subplots(1, len(RULES), figsize=(14, 3.4), layout="constrained")
    results = {}
    for axis, (rule, title) in zip(axes, RULES.items(), strict=True):
        runs = both_solvers(bags, labels, rule)
        results[rule] = {name: run[-1] for name, run in runs.items()}
        print(f"{title:14} " + "  ".join(f"{name} {run[-1]:.4f}" for name, run in runs.items()))
        draw(axis, title, runs)
    axes[0].set_ylabel("objective (Eq. 7)")
    axes[-1].legend(fontsize=8)
    figure.savefig(FIGURE, dpi=110)
    write_results("structured_solvers", {"weight_decay": DECAY, "bags": BAGS, "objective": results})


def make_bags() -> tuple[BagDataset, torch.Tensor]:
    """Noise, an instance a bag that shows its class, and in every other one that contradicts another."""
    random = np.random.default_rng(0)
    labels = random.integers(CLASSES, size=BAGS)
    values = random.normal(size=(BAGS, INSTANCES, FEATURES))
    values[np.arange(BAGS), 0, labels] += 5.0
    half = np.flatnonzero(random.random(BAGS) < 0.5)
    values[half, 1, (labels[half] + 1) % CLASSES] -= 5.0
    offsets = np.arange(BAGS + 1) * INSTANCES
    return BagDataset(values.reshape(-1, FEATURES), offsets), torch.from_numpy(labels)


def both_solvers(bags: BagDataset, labels: torch.Tensor, rule: str) -> dict[str, list[float]]:
    """The lowest objective so far, round by round, of each solver."""
    problem = Problem(pack(bags), labels, None, MultiClass(), build_latent_rule(rule), DECAY)
    linear = LinearScores(problem.bags.values, CLASSES, True)
    scorer = LogLinear(FEATURES, CLASSES).double()
    epochs = solve_stochastic(problem, bags, scorer, SCHEDULE, random=np.random.RandomState(0))
    _, own = solve_concave_convex(problem, linear)
    _, zero = solve_concave_convex(problem, linear, torch.zeros(linear.size, dtype=torch.float64))
    _, after = solve_concave_convex(problem, linear, linear.join(scorer.weight, scorer.bias))
    runs = {"stochastic": epochs, "own start": own, "zero start": zero, "after stochastic": after}
    return {
        name: np.minimum.accumulate([record["objective"] for record in run]).tolist()
        for name, run in runs.items()
    }


def draw(axis: Axes, title: str, runs: dict[str, list[float]]) -> None:
    """Epochs and rounds differ in work: the lines share the scale of objectives, not that of time."""
    epochs, own, zero, after = runs.values()
    axis.semilogy(np.linspace(0, 1, len(epochs)), epochs, label="stochastic")
    axis.semilogy(np.linspace(0, 1, len(zero)), zero, "s-", label="deterministic, from zero")
    axis.semilogy(np.linspace(0, 1, len(own)), own, "o-", label="deterministic, its own start")
    axis.axhline(after[-1], color="grey", linestyle=":", label="deterministic, after stochastic")
    axis.set(title=title, xlabel="share of the run", ylim=(0.8 * min(own[-1], epochs[-1], zero[-1]), 1.5))


if __name__ == "__main__":
    main()
