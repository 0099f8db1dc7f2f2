"""Boxes by the sign of their peak: how many are right where a region speaks for the class, and where none.

The predicted classes of held-back images, boxes cut at the run's share of a map's range. A box is right if it
meets a true box of its class with enough IoU. Chosen on these: `Result.boxes` leaves out peaks of 0 or less.

python benchmarks/box_peaks.py runs/steel/*/seed0 runs/reproduce/runs/0d61ece6824d   # about a minute a run
"""

from __future__ import annotations

import argparse
import csv
import tomllib
from collections import Counter
from pathlib import Path

import torch

import weldon
from photographs import STEEL, VOC, require_photographs
from provenance import write_results
from weldon.data import Box, read_boxes
from weldon.inference.localise import locate_boxes
from weldon.inference.result import Result
from weldon.metrics import box_iou

IOU_LEVELS = (0.3, 0.5)


def corners(boxes: list[Box]) -> torch.Tensor:
    return torch.tensor([(b.x1, b.y1, b.x2, b.y2) for b in boxes]).reshape(-1, 4)


def count(result: Result, truth: tuple[Box, ...]) -> Counter[str]:
    """Count all parts of the predicted classes' maps, those that get no box included."""
    found: Counter[str] = Counter()
    for name in result.labels:
        share = result.decision.box_threshold
        class_map = result.class_maps[result.decision.index(name)]
        parts = locate_boxes(class_map, result.geometry, label=name, threshold=share)
        overlaps = box_iou(corners(parts), corners([box for box in truth if box.label == name]))
        for part, row in zip(parts, overlaps, strict=True):
            side = "above" if part.score > 0 else "below"
            best = float(row.max()) if len(row) else 0.0
            found.update([side, *(f"{side}, IoU {level}" for level in IOU_LEVELS if best >= level)])
    return found


def measure(run: Path, images: int) -> dict[str, object]:
    config = tomllib.loads((run / "config.toml").read_text())
    data = Path(config["data"])
    drawn = read_boxes(STEEL / "boxes.json" if data.parent.name == STEEL.name else VOC / "Annotations")
    truth = {Path(name).stem: boxes for name, boxes in drawn.items()}
    with (run / "splits.csv").open(newline="", encoding="utf-8") as file:
        names = [row["file_name"] for row in csv.DictReader(file) if row["split"] == "val"]
    names = [name for name in names if Path(name).stem in truth][:images]
    counts: Counter[str] = Counter()
    for result in weldon.load(run).predict_many([str(data / name) for name in names]):
        counts += count(result, truth[Path(result.file_name).stem])
    settings = {key: config.get(key) for key in ("pool", "k", "image_size", "freeze", "loss")}
    return {"data": data.parent.name, **settings, "images": len(names), **counts}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--images", type=int, default=150, help="held-back images of each run, at most")
    options = parser.parse_args()
    require_photographs()
    results = []
    for run in options.runs:
        results.append(measure(run, options.images))
        print(results[-1], flush=True)
    print(write_results("box_peaks", results))


if __name__ == "__main__":
    main()
