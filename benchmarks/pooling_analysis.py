"""Fig. 6 on real photographs: every pooling on the same frozen feature maps, each with its own best setting.

python benchmarks/pooling_analysis.py          # about 40 minutes on two cores
"""

from __future__ import annotations

import argparse
from pathlib import Path

from photographs import MOBILENET, VOC, require_photographs, voc_table
from provenance import spread, write_results
from tuned_runs import settings, tuned

SHARES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, "all")
ROWS = {
    "max": {"pool": "max"},
    "LSE": {"pool": "lse"},
    "HCRF": {"pool": "hcrf"},
    "GWRP": {"pool": "gwrp"},
    "average": {"pool": "avg"},
    "MANTRA": {"pool": "mantra"},
    "top 20 % only": {"pool": "weldon", "k_max": 0.2, "k_min": 0},
    **{f"WELDON {k if k == 'all' else f'{k:.0%}'}": {"pool": "weldon", "k": k} for k in SHARES},
}
GRID = [*settings(lr=(20.0,), weight_decay=(1e-4, 3e-4, 1e-3)), {"lr": 5.0, "weight_decay": 1e-3}]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/pooling_analysis"))
    parser.add_argument("--rows", nargs="*", default=list(ROWS))
    parser.add_argument("--image-size", type=int, default=320)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    require_photographs()
    options.out.mkdir(parents=True, exist_ok=True)
    fixed = {
        "data": VOC / "JPEGImages",
        "labels": voc_table(options.out / "voc.csv"),
        "weights": str(MOBILENET),
        "freeze": True,
        "image_size": options.image_size,
        "optimizer": "sgd",
        "precision": "bf16-mixed",
        "epochs": options.epochs,
        "batch_size": 128,
    }
    results = {}
    for row in options.rows:
        home = options.out / row.replace(" ", "_").replace("%", "pc")
        results[row] = tuned(
            home, fixed | ROWS[row], GRID, (0, 1, 2), boxes=VOC / "Annotations", min_positives=10
        )
        test = results[row]["test"]
        print(
            f"{row:16} mAP {spread([t['map'] for t in test])}  "
            f"pointwise {spread([t['pointwise'] for t in test])}  {results[row]['chosen']}",
            flush=True,
        )
        write_results("pooling_analysis", results)


if __name__ == "__main__":
    main()
