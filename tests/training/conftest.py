"""A handful of scenes, written once: enough to run every path of training in a second."""

from __future__ import annotations

from pathlib import Path

import pytest

from weldon.data.scenes import make_scenes, write_scenes

TINY = {
    "model": "test_resnet",
    "weights": "none",
    "image_size": 64,
    "batch_size": 8,
    "workers": 0,
    "lrp": 1.0,
}


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    counts = {"train": 24, "val": 16, "test": 8}
    write_scenes(folder, {split: make_scenes(n, split=split, seed=0) for split, n in counts.items()})
    return folder


@pytest.fixture
def tiny(tmp_path: Path) -> dict[str, object]:
    """Options of the smallest run, with a cache of its own."""
    return {**TINY, "cache": tmp_path / "cache", "progress": False}
