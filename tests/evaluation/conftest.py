"""Five grey pictures and a run on them that learnt nothing: enough to measure something."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from weldon.models import create_model, save_model
from weldon.runs.run_directory import RunDirectory

GREYS = {"a.png": 51, "b.png": 102, "c.png": 204, "d.png": 0, "e.png": 0}  # 0.2, 0.4, 0.8 of white
LABELS = {"a.png": "cat", "b.png": "cat", "c.png": "dog", "d.png": "cat", "e.png": "dog"}
SPLITS = {name: "train" if name in ("d.png", "e.png") else "test" for name in GREYS}


@pytest.fixture
def greys(tmp_path) -> Path:
    """A folder with the pictures in ``data`` (``data/listed.txt`` names two) and the run in ``run``."""
    (tmp_path / "data").mkdir()
    for name, grey in GREYS.items():
        Image.new("RGB", (32, 32), (grey, grey, grey)).save(tmp_path / "data" / name)
    rows = [f"{name},{LABELS[name]},{SPLITS[name]}\n" for name in GREYS]
    (tmp_path / "data" / "labels.csv").write_text("file_name,labels,split\n" + "".join(rows))
    (tmp_path / "data" / "listed.txt").write_text("a.png\nb.png\n")
    torch.manual_seed(0)
    directory = RunDirectory(tmp_path / "run")
    save_model(create_model("test_resnet", 2, weights="none"), directory.best)
    directory.classes.write_text("cat\ndog\n")
    directory.config.write_text(
        f'data = "{tmp_path / "data"}"\nlabels = "{tmp_path / "data" / "labels.csv"}"\n'
        'image_size = 32\nresize = "keep"\ntask = "multilabel"\nworkers = 0\n'
    )
    directory.splits.write_text(
        "file_name,split,group\n" + "".join(f"{name},{split},\n" for name, split in SPLITS.items())
    )
    return tmp_path
