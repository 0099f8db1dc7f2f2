"""The whole network trained at 224 px: max, average and WELDON pooling on VOC animals.

python benchmarks/fine_tuned.py                # about 15 minutes on one core
"""

from __future__ import annotations

import argparse
from pathlib import Path

from photographs import MOBILENET, VOC, require_photographs, voc_table
from provenance import write_results
from tuned_runs import test_seeds

ROWS = {"max": {"pool": "max"}, "average": {"pool": "avg"}, "WELDON 20%": {"pool": "weldon", "k": 0.2}}
FOLDERS = {"max": "max", "average": "avg", "WELDON 20%": "weldon"}
SCHEDULE = {"optimizer": "adamw", "lr": 1e-3, "lrp": 0.1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/fine_tuned"))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--precision", default="bf16-mixed")
    options = parser.parse_args()
    require_photographs()
    options.out.mkdir(parents=True, exist_ok=True)
    fixed = {
        "data": VOC / "JPEGImages",
        "labels": voc_table(options.out / "voc.csv"),
        "weights": str(MOBILENET),
        "image_size": options.image_size,
        "epochs": options.epochs,
        "batch_size": 32,
        "workers": 1,
        "precision": options.precision,
    }
    measured = {"boxes": VOC / "Annotations", "min_positives": 10}
    results = {}
    for row, pooling in ROWS.items():
        home = options.out / FOLDERS[row]
        results[row] = test_seeds(home, fixed | pooling, SCHEDULE, (0,), **measured)
        test = results[row][0]
        print(f"{row:12} mAP {100 * test['map']:.1f}  pointwise {100 * test['pointwise']:.1f}", flush=True)
        write_results("fine_tuned", {"epochs": options.epochs, "schedule": SCHEDULE, "rows": results})


if __name__ == "__main__":
    main()
