"""Scales and their combination (the paper's Table 3, as in its Table 4) on frozen maps of real photographs.

python benchmarks/multiscale.py          # about 10 minutes with one thread
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from photographs import MOBILENET, VOC, require_photographs, voc_table
from provenance import spread, write_results
from tuned_runs import settings, tuned
from weldon.inference.multiscale import table3_count
from weldon.training.multiscale import evaluate_scales
from weldon.training.scales import plan_scales

SIZES = (224, 320, 448)
SEEDS = (0, 1, 2)
GRID = [*settings(lr=(20.0,), weight_decay=(3e-4,)), *settings(lr=(5.0,), weight_decay=(1e-3,))]
MEASURED = {"split": "test", "min_positives": 10}


def train_scales(out: Path, fixed: dict[str, Any], sizes: tuple[int, ...]) -> dict[str, Any]:
    """A model a scale, with Table 3's k, each with its own best setting."""
    rows = {}
    for size in sizes:
        options = fixed | {"image_size": size, "k": table3_count(size)}
        found = tuned(out / str(size), options, GRID, SEEDS, min_positives=MEASURED["min_positives"])
        rows[f"{size} px, k = {table3_count(size)}"] = {
            "chosen": found["chosen"],
            "map": [t["map"] for t in found["test"]],
        }
    return rows


def combine(out: Path, sizes: tuple[int, ...]) -> dict[str, Any]:
    """The combinations for each seed: models of all scales, and the middle one's model at all scales."""
    rows: dict[str, list[float]] = {}
    for seed in SEEDS:
        runs = [out / str(size) / f"seed{seed}" for size in sizes]
        plans = {
            "a model a scale": plan_scales(runs[0], others=runs[1:]),
            "one model at all scales": plan_scales(runs[len(runs) // 2], sizes=sizes),
        }
        for name, plan in plans.items():
            for fit_on in ("train", "val"):
                figures = evaluate_scales(plan, combine="object-bank", fit_on=fit_on, **MEASURED)
                rows.setdefault(f"{name}, object bank fitted on {fit_on}", []).append(figures["map"])
            rows.setdefault(f"{name}, averaged", []).append(figures["average"])
            for scale, value in figures["scales"].items():
                if name == "one model at all scales":
                    size = scale.split(" at ")[1].split(",")[0]
                    rows.setdefault(f"that model at {size}", []).append(value)
    return {name: {"map": values} for name, values in rows.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/multiscale"))
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    require_photographs()
    options.out.mkdir(parents=True, exist_ok=True)
    fixed = {
        "data": VOC / "JPEGImages",
        "labels": voc_table(options.out / "voc.csv"),
        "weights": str(MOBILENET),
        "freeze": True,
        "optimizer": "sgd",
        "precision": "bf16-mixed",
        "epochs": options.epochs,
        "batch_size": 128,
        "pool": "weldon",
    }
    sizes = tuple(options.sizes)
    rows = train_scales(options.out, fixed, sizes) | combine(options.out, sizes)
    for name, row in rows.items():
        print(f"{name:55} mAP {spread(row['map'])}")
    print(f"\nwritten to {write_results('multiscale', rows)}")


if __name__ == "__main__":
    main()
