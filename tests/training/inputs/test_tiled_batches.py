"""Large pictures come one by one, as the transfer layer sees them; a file that cannot be read is named."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from weldon.data import ImageDataset, Record
from weldon.data.tiles import Tiling
from weldon.data.windows import open_windows
from weldon.models import create_model
from weldon.models.stitched import stitched_regions
from weldon.training.inputs.tiled_batches import TiledBatches

CLASSES = ("cat", "dog")


@pytest.fixture
def batches(tmp_path) -> TiledBatches:
    """A picture of 100 x 70, a broken one, and one of 40 x 90 that may show a dog."""
    rng = np.random.default_rng(0)
    for name, size in (("a", (70, 100, 3)), ("c", (90, 40, 3))):
        Image.fromarray(rng.integers(0, 256, size, dtype=np.uint8)).save(tmp_path / f"{name}.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    records = [
        Record(tmp_path / "a.png", "a.png", frozenset({"cat"}), weight=2.0),
        Record(tmp_path / "b.png", "b.png", frozenset({"dog"})),
        Record(tmp_path / "c.png", "c.png", frozenset(), frozenset({"dog"})),
    ]
    net = create_model("test_resnet", len(CLASSES), weights="none").eval()
    tiling = Tiling(64, 0, 32)
    return TiledBatches(net, ImageDataset(records, CLASSES, tiling), tiling)


def test_each_batch_is_one_picture_with_its_labels(batches):
    assert len(batches) == 3
    with pytest.warns(RuntimeWarning, match=r"skipped: .*b\.png"):
        first, last = list(batches)
    assert [batch["index"].tolist() for batch in (first, last)] == [[0], [2]]
    assert [batch["weight"].tolist() for batch in (first, last)] == [[2.0], [1.0]]
    assert [batch["target"].tolist() for batch in (first, last)] == [[[1.0, 0.0]], [[0.0, 0.0]]]
    assert [batch["known"].tolist() for batch in (first, last)] == [[[True, True]], [[True, False]]]


def test_regions_are_those_of_the_stitched_picture_and_all_of_them_are_real(batches):
    with pytest.warns(RuntimeWarning, match="skipped"):
        first, _ = list(batches)
    with open_windows(batches.images.records[0].path, batches.tiling.window) as picture:
        expected = stitched_regions(batches.net, picture, batches.tiling)
    assert torch.equal(first["regions"], expected)
    assert tuple(first["regions"].shape) == (1, 2, 2, 3)  # 100 x 70 pixels in cells of 32, halves rounded
    assert first["mask"].all()
    assert first["mask"].shape == (1, 2, 3)
