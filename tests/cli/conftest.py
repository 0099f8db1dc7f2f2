"""A finished frozen run on a few scenes, for the verbs that ask a run about its own images."""

from __future__ import annotations

from pathlib import Path

import pytest

from weldon.runs.run_directory import RunDirectory
from weldon.training import train


@pytest.fixture(scope="session")
def frozen_run(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A run of one epoch on maps that are kept."""
    home = tmp_path_factory.mktemp("frozen")
    options = {"model": "test_resnet", "weights": "none", "image_size": 64, "workers": 0, "progress": False}
    options |= {"freeze": True, "optimizer": "sgd", "lr": 0.5, "epochs": 1, "cache": home / "cache"}
    return train(scenes, scenes / "labels.csv", out=home / "first", **options)
