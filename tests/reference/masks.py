"""Pictures with true masks, and maps that a network might give for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from weldon.data import Geometry, Record
from weldon.data.true_masks import TrueMasks
from weldon.evaluation.measures.measure import ImageMaps
from weldon.void import VOID

CLASSES = ("cat", "dog")
LEGEND = {0: "background", 1: "cat", 2: "dog", 3: "horse"}
SIZE = (24, 16)
GEOMETRY = Geometry(*SIZE, 32)


def write_masks(folder: Path, **drawn: np.ndarray) -> TrueMasks:
    """Write masks with their pictures, and return the masks."""
    for name, mask in drawn.items():
        Image.fromarray(mask.astype(np.uint8)).save(folder / f"{name}.png")
        Image.new("RGB", SIZE, (90, 120, 30)).save(folder / f"{name}.jpg")
    return TrueMasks({f"{name}.jpg": folder / f"{name}.png" for name in drawn}, CLASSES, LEGEND)


def answer(masks: TrueMasks, name: str, maps: torch.Tensor) -> ImageMaps:
    """What a network says about one of these pictures."""
    path = masks.paths.get(f"{name}.jpg", Path(f"{name}.png")).with_suffix(".jpg")
    return ImageMaps(0, Record(path, f"{name}.jpg", frozenset()), torch.zeros(2), GEOMETRY, maps)


def random_maps(seed: int) -> torch.Tensor:
    return torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(seed))


def random_mask(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice([0, 1, 2, 3, VOID], size=SIZE[::-1])
