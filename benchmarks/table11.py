"""Table 11: masks from image labels. mIoU on VOC's Segmentation/val under max, average, WELDON pooling.

Trained on the labels of Segmentation/train_aug alone, frozen backbone at 448 px. Background and dense CRF are
chosen on the masks of 60 images of train_aug, declared in declared_masks.txt, which no training saw: they are
among the fifth that is held back. Settings as pooling_analysis.py chose them.

python benchmarks/table11.py                   # about 18 minutes on one core, 6 a row; resumes
python benchmarks/table11.py --declare         # writes declared_masks.txt again: the same names, from seed 0
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from photographs import MOBILENET, VOC, require_photographs, train_once, voc_table
from provenance import read_results, write_results
from weldon.evaluation import evaluate
from weldon.files import write_text

DECLARED = Path(__file__).with_name("declared_masks.txt")
COUNT = 60
USUAL = {"lr": 5.0, "weight_decay": 1e-3}  # chosen for most poolings
ROWS = {"max": {"pool": "max"}, "average": {"pool": "avg"}, "WELDON 20%": {"pool": "weldon", "k": 0.2}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/table11"))
    parser.add_argument("--rows", nargs="*", default=list(ROWS))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--image-size", type=int, default=448)
    parser.add_argument("--declare", action="store_true", help="write the list of declared masks and stop")
    options = parser.parse_args()
    require_photographs()
    options.out.mkdir(parents=True, exist_ok=True)
    table = options.out / "voc.csv"
    if not table.exists():
        voc_table(table, image_set="segmentation")
    if options.declare:
        write_text(DECLARED, "".join(f"{stem}\n" for stem in draw(table)))
        return
    require_held_back(table)
    fixed = {
        "data": VOC / "JPEGImages",
        "labels": table,
        "weights": str(MOBILENET),
        "freeze": True,
        "image_size": options.image_size,
        "optimizer": "sgd",
        "precision": "32-true",
        "epochs": options.epochs,
        "batch_size": 128,
        "seed": 0,
    }
    results = read_results("table11")
    for row in options.rows:
        home = options.out / row.replace(" ", "_").replace("%", "pc")
        results[row] = row_figures(home, fixed | ROWS[row] | chosen_before(row))
        for labels, figures in results[row].items():
            shares = (
                f"{key} {100 * figures[key]:.1f}" for key in ("miou", "miou_crf", "pxap") if key in figures
            )
            print(f"{row:12} {labels:9}", "  ".join(shares), flush=True)
        write_results("table11", results)


def chosen_before(row: str) -> dict[str, Any]:
    """Return the setting that pooling_analysis.py chose on held-back images, at its own image size."""
    setting: dict[str, Any] = read_results("pooling_analysis").get(row, {}).get("chosen", USUAL)
    return setting


def row_figures(home: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Train, choose on the declared masks, measure once; the answer is kept in ``home``."""
    answer = home / "answer.json"
    if not answer.exists():
        train_once(home / "run", options)
        measured = {"split": "test", "masks": VOC / "SegmentationClassAug", "legend": "voc"}
        figures = {
            "predicted": evaluate(home / "run", tune_on=DECLARED, tune_crf=True, **measured),
            "known": evaluate(home / "run", tune_on=DECLARED, known_labels=True, **measured),
        }
        write_text(answer, json.dumps(figures, indent=1))
    found: dict[str, Any] = json.loads(answer.read_text())
    return found


def held_back(table: Path) -> list[str]:
    """Return the stems of the images that are held back from training, in the order of the table."""
    with table.open(newline="", encoding="utf-8") as file:
        return [Path(row["file_name"]).stem for row in csv.DictReader(file) if row["split"] == "val"]


def draw(table: Path) -> list[str]:
    """Return the stems of the images whose masks are declared: a seeded draw, no look at the masks."""
    stems = sorted(held_back(table))
    return sorted(np.random.default_rng(0).choice(stems, COUNT, replace=False).tolist())


def require_held_back(table: Path) -> None:
    """Leave when a declared mask belongs to an image that training would see."""
    strangers = set(DECLARED.read_text().split()) - set(held_back(table))
    if strangers:
        sys.exit(f"declared masks of images that are not held back from training: {sorted(strangers)}")


if __name__ == "__main__":
    main()
