"""Table 8 on real photographs: the loss (logistic or AP) against the pooling, on frozen feature maps.

python benchmarks/table8.py                    # about 20 minutes on one core
"""

from __future__ import annotations

import argparse
from pathlib import Path

from photographs import MOBILENET, VOC, require_photographs, voc_table
from provenance import spread, write_results
from tuned_runs import Setting, settings, tuned

POOLINGS: dict[str, Setting] = {
    "max": {"pool": "max"},
    "max+min": {"pool": "mantra"},
    "WELDON 20%": {"pool": "weldon", "k": 0.2},
}
# The logistic loss is a mean over 20 classes and the AP loss over the classes with positives in the batch, so
# that the same step is another learning rate; both grids have four settings around the best of a first look.
LOSSES: dict[str, list[Setting]] = {
    "logistic": [*settings(lr=(20.0,), weight_decay=(1e-4, 3e-4, 1e-3)), {"lr": 5.0, "weight_decay": 1e-3}],
    "ap": settings(lr=(0.3, 2.0), weight_decay=(1e-3, 5e-3)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/table8"))
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    require_photographs()
    options.out.mkdir(parents=True, exist_ok=True)
    fixed = {
        "data": VOC / "JPEGImages",
        "labels": voc_table(options.out / "voc.csv"),
        "weights": str(MOBILENET),
        "freeze": True,
        "image_size": 320,
        "optimizer": "sgd",
        "precision": "bf16-mixed",
        "epochs": options.epochs,
        "batch_size": 128,
    }
    results = {}
    for pooling, pool in POOLINGS.items():
        for loss, grid in LOSSES.items():
            row = f"{pooling} + {loss}"
            home = options.out / row.replace(" ", "_").replace("%", "pc")
            seeds = (0, 1, 2)
            results[row] = tuned(
                home, fixed | pool | {"loss": loss}, grid, seeds, boxes=VOC / "Annotations", min_positives=10
            )
            figures = [test["map"] for test in results[row]["test"]]
            print(f"{row:24} mAP {spread(figures)}  {results[row]['chosen']}", flush=True)
            write_results("table8", results)


if __name__ == "__main__":
    main()
