"""What every undamaged input says: twelve small pictures and their labels. No code of the library is used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("bird", "cat", "dog")
NAMES = tuple(f"p{number:02d}.png" for number in range(12))
WIDTH, HEIGHT = 40, 32

LABELS: dict[str, frozenset[str]] = {
    name: frozenset(
        label
        for label, there in (
            ("bird", number in (1, 5, 8, 11)),
            ("cat", number % 2 == 0),
            ("dog", number % 3 == 0),
        )
        if there
    )
    for number, name in enumerate(NAMES)
}  # p07 shows none of them
SPLITS = {name: "val" if number % 3 == 2 else "train" for number, name in enumerate(NAMES)}
BOXES: dict[str, dict[str, tuple[int, int, int, int]]] = {
    name: {label: (2 + 3 * CLASSES.index(label), 4, 20 + 3 * CLASSES.index(label), 24) for label in labels}
    for name, labels in LABELS.items()
}  # pixels: left, top, right, bottom


def picture(number: int) -> Image.Image:
    """Return the picture with this number: coloured blocks, each picture with its own."""
    blocks = np.random.default_rng(number).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def write_pictures(folder: Path) -> None:
    """Write all pictures as PNG."""
    folder.mkdir(parents=True)
    for number, name in enumerate(NAMES):
        picture(number).save(folder / name)
