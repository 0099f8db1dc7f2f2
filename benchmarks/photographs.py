"""Where the real photographs and the real backbone are, and the table of labels the benchmarks train from."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import weldon
from weldon.data import read_labels
from weldon.reproduce.workspace import divided, write_table
from weldon.runs.run_directory import RunDirectory

SHARED = Path(__file__).resolve().parents[2] / "shared"
DATA = Path(os.environ.get("WELDON_DATA", SHARED / "data"))
WEIGHTS = Path(os.environ.get("WELDON_WEIGHTS", SHARED / "weights"))
VOC = DATA / "voc2012-animals"
STEEL = DATA / "steel-defects"
MOBILENET = WEIGHTS / "mobilenetv2_100_tf_in1k.safetensors"


def require_photographs() -> None:
    """Leave with the reason when data or weights are not here."""
    for path, variable in ((VOC, "WELDON_DATA"), (STEEL, "WELDON_DATA"), (MOBILENET, "WELDON_WEIGHTS")):
        if not path.exists():
            sys.exit(f"{path.name} is not here: set {variable} to the folder that holds it")


def voc_table(path: Path, *, image_set: str = "main") -> Path:
    """Write the VOC photographs as a table: a fifth of train held back as val, VOC's val as test."""
    write_table(path, divided(read_labels(VOC, image_set=image_set), "val"), VOC / "JPEGImages")
    return path


def train_once(folder: Path, options: dict[str, Any]) -> None:
    """Train into ``folder`` unless it holds a finished run."""
    if not RunDirectory(folder).manifest.is_file():
        weldon.train(out=folder, overwrite=folder.exists(), progress=False, **options)
