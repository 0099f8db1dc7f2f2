"""Bags by name, read when they are asked for: what a table and a folder of bags have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np


class BagSource(Protocol):
    """Bags by name, read when they are asked for; each has a path, which for a table is no file of its own.

    Attributes:
        path: of the table or folder.
        paths: of every bag, in order.
        num_features: F.
        features: F names; None where the files give none.
        notes: what was decided in reading, one sentence each.
    """

    path: Path
    paths: tuple[Path, ...]
    num_features: int
    features: tuple[str, ...] | None
    notes: tuple[str, ...]

    def select(self, names: Sequence[str]) -> BagSource | None:
        """Return the same bags with these features in this order; None where that cannot be."""

    def find(self, name: str) -> Path | None:
        """Return the path of the bag of that name, or None."""

    def why_not(self, name: str) -> str:
        """Return a sentence for the user about a bag that was not found."""

    def name(self, path: Path) -> str:
        """Return the name of a bag."""

    def size(self, path: Path) -> int:
        """Return how many instances a bag has, R, without reading them."""

    def read(self, path: Path) -> np.ndarray:
        """Return the instances of a bag, ``(R, F)`` float32, all of them finite."""

    def instances(self, path: Path) -> list[str]:
        """Return the names of the R instances of a bag: those of the file, else their numbers from 0."""
