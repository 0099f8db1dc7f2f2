"""Table 10: pointwise localisation on VOC val under max, average, MANTRA and WELDON pooling.

One network, its backbone frozen, at 448 px, three seeds, each pooling with the learning rate and weight decay
that pooling_analysis.py chose for it on held-back images (``--tune`` chooses anew at this size); beside them
the fine-tuned runs of fine_tuned.py.

python benchmarks/table10.py                   # about 15 minutes on one core, 4 a row; resumes
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from photographs import MOBILENET, VOC, require_photographs, voc_table
from pooling_analysis import GRID, ROWS
from provenance import read_results, spread, write_results
from tuned_runs import Setting, tuned

TABLE = ("max", "average", "MANTRA", "WELDON 20%")
USUAL = {"lr": 5.0, "weight_decay": 1e-3}  # chosen for most poolings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/table10"))
    parser.add_argument("--rows", nargs="*", default=list(TABLE), help="any of pooling_analysis.py")
    parser.add_argument("--image-size", type=int, default=448)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--tune", action="store_true", help="choose learning rate and weight decay anew")
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
    results = read_results("table10") | {"fine-tuned": fine_tuned_rows()}
    for row in options.rows:
        home = options.out / row.replace(" ", "_").replace("%", "pc")
        grid = GRID if options.tune else [chosen_before(row)]
        results[row] = tuned(
            home, fixed | ROWS[row], grid, (0, 1, 2), boxes=VOC / "Annotations", min_positives=10
        )
        test = results[row]["test"]
        figures = (
            f"{key} {spread([t[key] for t in test])}" for key in ("pointwise", "pointing_accuracy", "map")
        )
        print(f"{row:12}", "  ".join(figures), results[row]["chosen"], flush=True)
        write_results("table10", results)


def chosen_before(row: str) -> Setting:
    """Return the setting that pooling_analysis.py chose on held-back images, at its own image size."""
    setting: Setting = read_results("pooling_analysis").get(row, {}).get("chosen", USUAL)
    return setting


def fine_tuned_rows() -> dict[str, Any]:
    """Return the rows of fine_tuned.py, where it has run."""
    rows: dict[str, Any] = read_results("fine_tuned").get("rows", {})
    return rows


if __name__ == "__main__":
    main()
