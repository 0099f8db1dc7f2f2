"""Somebody's own data: steel defects from a CSV; max, average and WELDON pooling, each tuned alike.

Learning rate, weight decay, best epoch and box thresholds are chosen on the held-back fifth of train.

python benchmarks/steel.py                     # about five minutes on one core
"""

from __future__ import annotations

import argparse
from pathlib import Path

from photographs import MOBILENET, STEEL, require_photographs, steel_table
from provenance import spread, write_results
from tuned_runs import settings, tuned

ROWS = {"max": {"pool": "max"}, "average": {"pool": "avg"}, "WELDON 20%": {"pool": "weldon", "k": 0.2}}
GRID = [*settings(lr=(20.0,), weight_decay=(1e-4, 3e-4, 1e-3)), {"lr": 5.0, "weight_decay": 1e-3}]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/steel"))
    options = parser.parse_args()
    require_photographs()
    options.out.mkdir(parents=True, exist_ok=True)
    fixed = {
        "data": STEEL / "images",
        "labels": steel_table(options.out / "steel.csv"),
        "weights": str(MOBILENET),
        "freeze": True,
        "image_size": 224,
        "optimizer": "sgd",
        "precision": "bf16-mixed",
        "epochs": 20,
        "batch_size": 64,
    }
    results = {}
    for row, pooling in ROWS.items():
        home = options.out / row.replace(" ", "_").replace("%", "pc")
        results[row] = tuned(
            home, fixed | pooling, GRID, (0, 1, 2), boxes=STEEL / "boxes.json", tune_on="val"
        )
        test = results[row]["test"]
        keys = ("map", "hit_at_one", "pointwise", "pointing_accuracy", "maxboxacc", "maxboxacc_one_threshold")
        figures = (f"{key} {spread([t[key] for t in test])}" for key in keys)
        print(f"{row:12}", "  ".join(figures), results[row]["chosen"], flush=True)
        write_results("steel", results)


if __name__ == "__main__":
    main()
