"""Bags in a folder: a ``.npy`` or ``.safetensors`` file each, read when it is asked for."""

from __future__ import annotations

from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from weldon.errors import DataError

SUFFIXES = (".npy", ".safetensors")
FEATURES, COORDS = "features", "coords"


class BagFolder:
    """Bags of a folder, one file each; see :class:`weldon.structured.BagSource`.

    ``.npy`` holds the array ``(R, F)``; ``.safetensors`` the tensor ``features`` (or its only one), and if
    there is a tensor ``coords`` ``(R, D)``, it names the instances.

    Args:
        path: of the folder; folders inside are not looked at.

    Raises:
        DataError: no such file, files of one name, or of different widths; every file is named.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.paths = tuple(sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES))
        if not self.paths:
            raise DataError(f"{path} has no file of bags ({', '.join(SUFFIXES)})")
        self._shape = _shapes(self.paths)
        self.num_features = self._shape[self.paths[0]][1]
        stems = Counter(bag.stem for bag in self.paths)
        self._named = {bag.stem: bag for bag in self.paths if stems[bag.stem] == 1}
        self._named |= {bag.name: bag for bag in self.paths}

    def find(self, name: str) -> Path | None:
        """Return the file of the bag of that name, with or without its ending, or None."""
        return self._named.get(name)

    def why_not(self, name: str) -> str:
        """Return a sentence for the user about a bag that was not found."""
        near = get_close_matches(name, list(self._named), n=1)
        return f"no bag {name!r} in {self.path}" + (
            f"; there is {near[0]!r}: correct the name" if near else ""
        )

    def name(self, path: Path) -> str:
        """Return the name of a bag: its file's without the ending, where that is clear."""
        return path.stem if path.stem in self._named else path.name

    def size(self, path: Path) -> int:
        """Return how many instances a bag has."""
        return self._shape[path][0]

    def read(self, path: Path) -> np.ndarray:
        """Return the instances of a bag, ``(R, F)`` float32.

        Raises:
            DataError: a feature that is not a finite number.
        """
        values = np.load(path) if path.suffix.lower() == ".npy" else _tensor(path)
        values = np.asarray(values, dtype=np.float32)
        bad = np.flatnonzero(~np.isfinite(values).all(1))
        if len(bad):
            raise DataError(f"{path.name}, instance {bad[0]}: a feature that is not a finite number")
        return values

    def instances(self, path: Path) -> list[str]:
        """Return the names of the instances: their ``coords`` as ``x,y``, else their numbers from 0."""
        if path.suffix.lower() == ".safetensors":
            with safe_open(path, framework="np") as file:
                if COORDS in file.keys():  # noqa: SIM118 - the file is no mapping
                    return [",".join(f"{value:g}" for value in row) for row in file.get_tensor(COORDS)]
        return [str(number) for number in range(self.size(path))]


def _shapes(paths: tuple[Path, ...]) -> dict[Path, tuple[int, int]]:
    """Return ``(R, F)`` of each file from its header alone, or one error with all that do not fit."""
    shapes: dict[Path, tuple[int, int]] = {}
    problems = []
    for path in paths:
        try:
            shape = _header(path)
        except (ValueError, OSError, SafetensorError, EOFError) as error:
            problems.append(f"{path.name}: cannot be read: {error}")
            continue
        width = next(iter(shapes.values()))[1] if shapes else None
        if len(shape) != 2 or shape[0] == 0:
            problems.append(f"{path.name}: must be (R, F) with at least one instance, got shape {shape}")
        elif width is not None and shape[1] != width:
            problems.append(f"{path.name}: {shape[1]} features where {next(iter(shapes)).name} has {width}")
        else:
            shapes[path] = (shape[0], shape[1])
    if problems:
        raise DataError("files that cannot be used as bags; correct or remove them:", problems)
    return shapes


def _header(path: Path) -> tuple[int, ...]:
    if path.suffix.lower() == ".npy":
        return tuple(np.load(path, mmap_mode="r").shape)
    with safe_open(path, framework="np") as file:
        return tuple(file.get_slice(_key(file)).get_shape())


def _tensor(path: Path) -> np.ndarray:
    with safe_open(path, framework="np") as file:
        values: np.ndarray = file.get_tensor(_key(file))
    return values


def _key(file: Any) -> str:
    """Return the name of the tensor of features.

    Raises:
        ValueError: several tensors, none of them called ``features``.
    """
    keys = list(file.keys())
    if FEATURES in keys or len(keys) != 1:
        if FEATURES not in keys:
            raise ValueError(f"no tensor {FEATURES!r}, only {', '.join(keys) or 'none'}")
        return FEATURES
    return str(keys[0])
