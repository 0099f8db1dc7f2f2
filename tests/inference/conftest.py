"""Tiny trained runs: a random network in the layout of a run directory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from weldon.inference import Predictor, load
from weldon.models import create_model, save_model

CLASSES = ("cat", "dog", "rolled-in/scale")


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a run directory."""

    def write(
        name: str = "run", *, resize: str = "keep", task: str = "multilabel", pool: str = "weldon", **options
    ):
        torch.manual_seed(1)
        net = create_model("test_resnet", len(CLASSES), weights="none", pool=pool, **options)
        with torch.no_grad():
            net.transfer.weight.mul_(100)  # maps of a readable size from an untrained network
        run = tmp_path / name
        save_model(net, run / "weights" / "best.safetensors")
        (run / "classes.txt").write_text("".join(f"{name}\n" for name in CLASSES))
        (run / "config.toml").write_text(f'image_size = 64\nresize = "{resize}"\ntask = "{task}"\n')
        thresholds = {
            "scale": "score",
            "map_scale": 2.5,
            "classes": {"cat": -1e9, "dog": 1e9, CLASSES[2]: None},
        }
        (run / "thresholds.json").write_text(json.dumps(thresholds))
        return run

    return write


@pytest.fixture
def predictor(make_run: Callable[..., Path]) -> Predictor:
    """A predictor that always predicts cat, never dog."""
    return load(make_run(), device="cpu", batch_size=3)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of seven noisy pictures of different shapes."""
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    random = np.random.default_rng(0)
    for number, (width, height) in enumerate(
        [(90, 60), (60, 90), (64, 64), (200, 50), (30, 31), (128, 100), (64, 40)]
    ):
        blocks = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        image = Image.fromarray(blocks).resize((width, height), Image.Resampling.BICUBIC)
        image.save(folder / ("deep" if number > 4 else "") / f"p{number}.png")
    return folder
