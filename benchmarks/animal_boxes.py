"""MaxBoxAccV2 on VOC val of the runs of Fig. 6: max, average, WELDON 20 %, 320 px, frozen, three seeds.

Box thresholds are chosen on the held-back fifth of train. PxAP, which needs masks, is in table11.py.

python benchmarks/reproduced.py animals-fig6 --out runs/reproduce     # trains them, if nobody did
python benchmarks/animal_boxes.py --out runs/reproduce                # about 8 minutes on one core
"""

from __future__ import annotations

import argparse
from pathlib import Path

from photographs import DATA, VOC, WEIGHTS, require_photographs
from provenance import read_results, spread, write_results
from weldon.evaluation import evaluate
from weldon.recipes import load_table
from weldon.reproduce import Workspace, reproduce

ROWS = ("max", "average", "weldon-20")
FIGURES = ("map", "pointwise", "pointing_accuracy", "maxboxacc", "maxboxacc_one_threshold")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/reproduce"))
    parser.add_argument("--rows", nargs="*", default=list(ROWS))
    options = parser.parse_args()
    require_photographs()
    table = load_table("animals-fig6")
    trained = reproduce(table, Workspace(DATA, options.out, weights=WEIGHTS), rows=())
    results = read_results("animal_boxes")
    for row in options.rows:
        runs = trained.cells[row, table.sources[0].name].runs
        results[row] = [box_figures(options.out / "runs" / seed[0]) for seed in runs]
        print(
            row, *(f"{name} {spread([seed[name] for seed in results[row]])}" for name in FIGURES), flush=True
        )
        write_results("animal_boxes", results)


def box_figures(run: Path) -> dict[str, float]:
    """Measure one run, the thresholds of boxes chosen on its held-back images."""
    boxes = VOC / "Annotations"
    found = evaluate(run, split="test", tune_on="val", boxes=boxes, min_positives=10)
    return {name: found[name] for name in FIGURES}


if __name__ == "__main__":
    main()
