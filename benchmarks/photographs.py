"""Where the real photographs and the real backbone are, and the label tables the benchmarks train from."""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

import numpy as np

from weldon.data import LabelSet, read_labels
from weldon.files import replacing

SHARED = Path(__file__).resolve().parents[2] / "shared"
DATA = Path(os.environ.get("WELDON_DATA", SHARED / "data"))
WEIGHTS = Path(os.environ.get("WELDON_WEIGHTS", SHARED / "weights"))
VOC = DATA / "voc2012-animals"
STEEL = DATA / "steel-defects"
MOBILENET = WEIGHTS / "mobilenetv2_100_tf_in1k.safetensors"
HELD_BACK = 0.2  # share of train on which learning rate, weight decay and best epoch are chosen


def require_photographs() -> None:
    """Leave with the reason when data or weights are not here."""
    for path, variable in ((VOC, "WELDON_DATA"), (STEEL, "WELDON_DATA"), (MOBILENET, "WELDON_WEIGHTS")):
        if not path.exists():
            sys.exit(f"{path.name} is not here: set {variable} to the folder that holds it")


def voc_table(path: Path, *, image_set: str = "main") -> Path:
    """Write the VOC photographs as a table: a fifth of train held back as val, VOC's val as test."""
    return _write(path, read_labels(VOC, image_set=image_set), VOC / "JPEGImages")


def steel_table(path: Path) -> Path:
    """Write the steel photographs likewise."""
    return _write(path, read_labels(STEEL, STEEL / "labels.csv"), STEEL / "images")


def _write(path: Path, label_set: LabelSet, folder: Path) -> Path:
    train = [r for r in label_set.records if r.split == "train"]
    test = [r for r in label_set.records if r.split == "val"]
    order = np.random.default_rng(0).permutation(len(train)).tolist()
    held = order[: round(HELD_BACK * len(train))]
    parts = {"train": [train[n] for n in order[len(held) :]], "val": [train[n] for n in held], "test": test}
    learnt = {label for record in parts["train"] for label in record.labels}
    with replacing(path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "labels", "split"])
        for split, records in parts.items():
            for record in records:
                labels = "|".join(sorted(record.labels & learnt))
                writer.writerow([record.path.relative_to(folder), labels, split])
    return path
