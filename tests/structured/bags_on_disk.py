"""Labelled bags as files: the same digits as a table and as a folder, for every test of bags on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from safetensors.numpy import save_file
from sklearn.datasets import load_digits

CLASSES = ("3", "8")


@dataclass(frozen=True)
class OnDisk:
    """Where the bags lie, and what is in them."""

    table: Path
    folder: Path
    labels: Path
    bags: dict[str, np.ndarray]


def write_bags(root: Path, *, count: int = 40, seed: int = 0) -> OnDisk:
    """Write ``count`` bags of 4 to 9 digits of 64 features, labelled with those of CLASSES inside."""
    digits, generator = load_digits(), np.random.default_rng(seed)
    folder = root / "folder"
    folder.mkdir()
    bags, frames, rows = {}, [], []
    for number in range(count):
        chosen = generator.integers(0, len(digits.target), generator.integers(4, 10))
        name, values = f"slide{number:02d}", digits.data[chosen].astype(np.float32)
        there = "|".join(c for c in CLASSES if int(c) in digits.target[chosen])
        bags[name] = values
        frame = pd.DataFrame(values, columns=[f"f{j}" for j in range(64)])
        frames.append(frame.assign(bag=name, instance=[f"p{k}" for k in range(len(values))]))
        rows.append((name, there))
        if number % 2:
            np.save(folder / f"{name}.npy", values)
        else:
            save_file({"features": values}, folder / f"{name}.safetensors")
    table, labels = root / "bags.csv", root / "labels.csv"
    pd.concat(frames).to_csv(table, index=False)
    pd.DataFrame(rows, columns=["bag", "labels"]).to_csv(labels, index=False)
    return OnDisk(table, folder, labels, bags)
