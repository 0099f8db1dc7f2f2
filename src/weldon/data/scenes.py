"""The embedded set: scikit-learn's handwritten digits composed with clutter into scenes.

A scene belongs to one of two rooms, and a digit lives in one room only, its look-alike in the other: seeing
an 8 or a 9 speaks against a 1, and for the 7 that resembles it, because the two rooms never mix. Labels say
which digits appear; boxes and masks of the digits are known and serve measuring only. Handwriting is divided
between the splits, never shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from weldon.data.image import write_picture
from weldon.data.record import Box, Record
from weldon.errors import UsageError
from weldon.files import write_text

Array: TypeAlias = np.ndarray[Any, Any]

ROOMS = ((1, 3, 4), (7, 8, 9))  # each digit beside its look-alike of the other room
CLASSES = tuple(str(digit) for room in ROOMS for digit in room)
SPLITS = {"train": (0.0, 0.6), "val": (0.6, 0.8), "test": (0.8, 1.0)}
SIDE = 56
DIGITS_IN_A_SCENE = (1, 1, 2)  # few, so that most of a scene is not the class
FRAGMENTS = 3
NOISE = 12.0


@dataclass(frozen=True)
class Scene:
    """One composed picture.

    Args:
        pixels: ``(SIDE, SIDE)`` uint8, grey.
        boxes: the digits in it, xyxy pixels.
        mask: ``(SIDE, SIDE)`` uint8, 1 + digit on its strokes, 0 elsewhere.
    """

    pixels: Array
    boxes: tuple[Box, ...]
    mask: Array

    @property
    def labels(self) -> frozenset[str]:
        """Which digits appear."""
        return frozenset(box.label for box in self.boxes)


def make_scenes(count: int, *, split: str, seed: int) -> tuple[Scene, ...]:
    """Return ``count`` scenes made from the digits of one split.

    Args:
        count: how many.
        split: ``train``, ``val`` or ``test``; each has handwriting of its own.
        seed: the same seed gives the same scenes.

    Raises:
        UsageError: an unknown split.
    """
    if split not in SPLITS:
        raise UsageError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")
    chance = np.random.default_rng((seed, tuple(SPLITS).index(split)))
    return tuple(_compose(chance, split) for _ in range(count))


def write_scenes(folder: Path, scenes: dict[str, Sequence[Scene]]) -> tuple[Record, ...]:
    """Write scenes as PNG files and ``labels.csv`` with a split column; return them with their boxes.

    Args:
        folder: made if need be.
        scenes: the scenes of each split.
    """
    records = []
    for split, members in scenes.items():
        for number, scene in enumerate(members):
            name = f"{split}/{number:05d}.png"
            write_picture(folder / name, Image.fromarray(scene.pixels))
            records.append(Record(folder / name, name, scene.labels, split=split, boxes=scene.boxes))
    lines = [f"{r.file_name},{'|'.join(sorted(r.labels))},{r.split}" for r in records]
    write_text(folder / "labels.csv", "\n".join(["file_name,labels,split", *lines]) + "\n")
    return tuple(records)


def _compose(chance: np.random.Generator, split: str) -> Scene:
    canvas = np.zeros((SIDE, SIDE), dtype=np.float32)
    mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
    room = ROOMS[chance.integers(len(ROOMS))]
    digits = chance.choice(room, size=chance.choice(DIGITS_IN_A_SCENE), replace=False)
    boxes: list[Box] = []
    for digit in digits:
        glyph = _glyph(chance, split, int(digit)) * chance.uniform(0.75, 1.0)
        place = _free_place(chance, glyph.shape[0], boxes)
        if place is None:
            continue
        boxes.append(_paste(canvas, glyph, place, str(digit)))
        _view(mask, glyph, place)[glyph > 60] = digit + 1
    for _ in range(FRAGMENTS):
        fragment = _fragment(chance, split) * chance.uniform(0.4, 0.8)
        top, left = chance.integers(0, SIDE - np.array(fragment.shape) + 1)
        np.maximum(_view(canvas, fragment, (top, left)), fragment, out=_view(canvas, fragment, (top, left)))
    canvas += chance.normal(0, NOISE, canvas.shape)
    return Scene(canvas.clip(0, 255).astype(np.uint8), tuple(boxes), mask)


def _glyph(chance: np.random.Generator, split: str, digit: int) -> Array:
    """Return one handwritten digit, ``(side, side)`` float32 in 0–255, 12 to 18 pixels wide."""
    shapes = _handwriting(split)[digit]
    side = int(chance.integers(12, 19))
    picture = Image.fromarray(shapes[chance.integers(len(shapes))]).resize(
        (side, side), Image.Resampling.BICUBIC
    )
    return np.asarray(picture, dtype=np.float32)


def _fragment(chance: np.random.Generator, split: str) -> Array:
    """Return half of a digit, turned: strokes that belong to no class."""
    glyph = _glyph(chance, split, int(chance.integers(10)))
    half = glyph[: glyph.shape[0] // 2] if chance.random() < 0.5 else glyph[glyph.shape[0] // 2 :]
    return np.rot90(half, int(chance.integers(4)))


def _free_place(chance: np.random.Generator, side: int, taken: Sequence[Box]) -> tuple[int, int] | None:
    """Return (top, left) of a square that touches no box, or None after forty tries."""
    for _ in range(40):
        top, left = (int(value) for value in chance.integers(0, SIDE - side + 1, size=2))
        if all(left >= b.x2 or left + side <= b.x1 or top >= b.y2 or top + side <= b.y1 for b in taken):
            return top, left
    return None


def _view(canvas: Array, patch: Array, place: tuple[int, int]) -> Array:
    return canvas[place[0] : place[0] + patch.shape[0], place[1] : place[1] + patch.shape[1]]


def _paste(canvas: Array, glyph: Array, place: tuple[int, int], label: str) -> Box:
    """Draw ``glyph`` and return the box of its strokes."""
    target = _view(canvas, glyph, place)
    np.maximum(target, glyph, out=target)
    rows, columns = (np.flatnonzero((glyph > 60).any(axis)) for axis in (1, 0))
    top, left = place
    return Box(label, left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1)


@cache
def _handwriting(split: str) -> dict[int, Array]:
    """Return the digits of one split, ``(N, 8, 8)`` uint8 by digit."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    first, last = (int(share * len(digits.target)) for share in SPLITS[split])
    target, images = digits.target[first:last], (digits.images[first:last] * (255 / 16)).astype(np.uint8)
    return {digit: images[target == digit] for digit in range(10)}
