"""Somebody's own data: steel defects from a CSV; max, average and WELDON pooling, each tuned alike.

Learning rate, weight decay, best epoch and box thresholds are chosen on the held-back fifth of train.

python benchmarks/steel.py                     # about five minutes on one core
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from photographs import DATA, MOBILENET, STEEL, WEIGHTS, require_photographs
from provenance import spread, write_results
from weldon.evaluation import evaluate
from weldon.recipes import Source
from weldon.recipes.row import multiplied
from weldon.reproduce.trials import Trials
from weldon.reproduce.workspace import Workspace

ROWS = {"max": {"pool": "max"}, "average": {"pool": "avg"}, "WELDON 20%": {"pool": "weldon", "k": 0.2}}
GRID = (
    *multiplied({"lr": 20.0, "weight_decay": [1e-4, 3e-4, 1e-3]}),
    *multiplied({"lr": 5.0, "weight_decay": 1e-3}),
)
SEEDS = (0, 1, 2)
TRAIN = {
    "weights": MOBILENET.name,
    "freeze": True,
    "image_size": 224,
    "optimizer": "sgd",
    "precision": "bf16-mixed",
    "epochs": 20,
    "batch_size": 64,
}
SOURCE = Source(
    name="steel",
    title="steel defects",
    folder=STEEL.name,
    labels="labels.csv",
    test="val",  # the published division has no other
    held_back=True,
    train={"task": "multilabel"},
    images=900,
    how_to_get="set WELDON_DATA to the folder that holds steel-defects",
)


def row_figures(pooling: dict[str, Any], out: Path) -> dict[str, Any]:
    """Tune on held-back images, then test the chosen setting with every seed; what is there is not redone."""
    trials = Trials(Workspace(DATA, out, WEIGHTS), SOURCE, TRAIN | pooling, GRID, SEEDS)
    figures = []
    for seed, run in zip(SEEDS, trials.train(), strict=True):
        found = evaluate(run.directory.path, split="test", boxes=STEEL / "boxes.json", tune_on="val")
        found.pop("per_class", None)
        seconds = run.directory.manifest_values["seconds"]["training"]
        figures.append({**found, "seed": seed, "seconds": seconds})
    return {"chosen": dict(trials.best), "test": figures}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/steel"))
    options = parser.parse_args()
    require_photographs()
    results = {}
    for row, pooling in ROWS.items():
        results[row] = row_figures(pooling, options.out)
        test = results[row]["test"]
        keys = ("map", "hit_at_one", "pointwise", "pointing_accuracy", "maxboxacc", "maxboxacc_one_threshold")
        figures = (f"{key} {spread([t[key] for t in test])}" for key in keys)
        print(f"{row:12}", "  ".join(figures), results[row]["chosen"], flush=True)
        write_results("steel", results)


if __name__ == "__main__":
    main()
