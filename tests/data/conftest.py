"""Tiny photographs and label files, written by the test that needs them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Photograph = Callable[..., Path]


@pytest.fixture
def photograph(tmp_path: Path) -> Photograph:
    """Write a picture of noise that its name decides, and return its path."""

    def write(name: str, *, size: tuple[int, int] = (12, 8)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(zlib.crc32(name.encode())).integers(0, 255, (*size[::-1], 3))
        Image.fromarray(noise.astype(np.uint8)).save(path)
        return path

    return write


@pytest.fixture
def table(tmp_path: Path, photograph: Photograph) -> Callable[..., Path]:
    """Write a label table and the pictures ``a.png`` to ``d.png`` beside it, and return its path."""

    def write(text: str, *, name: str = "labels.csv", encoding: str = "utf-8") -> Path:
        for letter in "abcd":
            photograph(f"{letter}.png")
        (tmp_path / name).write_bytes(text.encode(encoding))
        return tmp_path / name

    return write
