"""A frozen run on a handful of scenes, one of them with an unknown label, in groups of two."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from weldon.data.scenes import make_scenes, write_scenes
from weldon.inference import RunDirectory
from weldon.training import train

TINY = {"model": "test_resnet", "weights": "none", "image_size": 64, "workers": 0, "progress": False}
FROZEN = {"freeze": True, "optimizer": "sgd", "lr": 0.5, "epochs": 1, "batch_size": 16}
CLASSES = tuple("134789")
UNKNOWN = ("train/00000.png", "9")


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scenes with ``wide.csv``: a column a class, ``?`` where nobody knows, groups of two neighbours."""
    folder = tmp_path_factory.mktemp("scenes")
    counts = {"train": 36, "val": 16, "test": 4}
    made = {split: make_scenes(count, split=split, seed=0) for split, count in counts.items()}
    records = write_scenes(folder, made)
    with (folder / "wide.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "split", "group", *CLASSES])
        for place, record in enumerate(records):
            cells = [
                "?" if (record.file_name, name) == UNKNOWN else int(name in record.labels) for name in CLASSES
            ]
            writer.writerow([record.file_name, record.split, f"{record.split}{place // 2}", *cells])
    return folder


@pytest.fixture(scope="session")
def run(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A finished run with the backbone fixed."""
    home = tmp_path_factory.mktemp("runs")
    return train(scenes, scenes / "wide.csv", out=home / "run", cache=home / "cache", **TINY, **FROZEN)
