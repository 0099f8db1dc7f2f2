"""Bags in a folder: a ``.npy``, ``.safetensors`` or ``.h5`` file each, read when it is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from weldon.counted import counted
from weldon.data.bags.bag_array import array_shape, patch_side, read_array, read_coords
from weldon.data.bags.bag_files import ARRAYS
from weldon.data.bags.bag_names import BagNames
from weldon.data.bags.h5_array import HDF5
from weldon.errors import DataError, system_reason


class BagFolder:
    """Bags of a folder, one file each; see :class:`weldon.structured.BagSource`.

    ``.npy`` holds the array ``(R, F)``; ``.safetensors`` the tensor ``features`` (or its only one), ``.h5``
    the dataset ``features``; if there is ``coords`` ``(R, D)``, it names the instances. Features have none.

    Args:
        path: of the folder; folders inside and hidden files are not looked at, and a note counts them.

    Raises:
        DataError: no such file, files of one name, or of different widths; every file is named.
    """

    features: tuple[str, ...] | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        self.paths, self.notes = _files(path)
        if not self.paths:
            raise DataError(f"{path} has no file of bags ({', '.join(ARRAYS)})")
        self._shape = _shapes(self.paths)
        self.num_features = self._shape[self.paths[0]][1]
        self.notes += _patch_sides(self.paths)
        stems = Counter(bag.stem for bag in self.paths)
        self._stems = {bag.stem: bag for bag in self.paths if stems[bag.stem] == 1}
        self._names = BagNames(self._stems | {bag.name: bag for bag in self.paths})

    def select(self, names: Sequence[str]) -> BagFolder | None:
        """Return None: features without names cannot be chosen by name."""
        return None

    def find(self, name: str) -> Path | None:
        """Return the file of the bag of that name, with or without its ending, or None."""
        return self._names.find(name)

    def why_not(self, name: str) -> str:
        """Return a sentence for the user about a bag that was not found."""
        return self._names.why_not(name, str(self.path))

    def name(self, path: Path) -> str:
        """Return the name of a bag: its file's without the ending, where that is clear."""
        return path.stem if path.stem in self._stems else path.name

    def size(self, path: Path) -> int:
        """Return how many instances a bag has."""
        return self._shape[path][0]

    def read(self, path: Path) -> np.ndarray:
        """Return the instances of a bag, ``(R, F)`` float32.

        Raises:
            DataError: a feature that is not a finite number, or a file that has changed since.
        """
        values = read_array(path)
        if values.shape != self._shape[path]:
            raise DataError(
                f"{path} has changed: {values.shape} where it was {self._shape[path]}; start again"
            )
        return values

    def instances(self, path: Path) -> list[str]:
        """Return the names of the instances: their ``coords`` as ``x,y``, else their numbers from 0."""
        coords = read_coords(path)
        return [str(number) for number in range(self.size(path))] if coords is None else coords


def _files(folder: Path) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Return the files of bags, and notes that count what is passed over."""
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"cannot read the folder {folder}: {system_reason(error)}") from error
    hidden = [path for path in found if path.name.startswith(".")]
    shown = [path for path in found if not path.name.startswith(".")]
    folders = [path for path in shown if path.is_dir()]
    bags = tuple(p for p in shown if p.suffix.lower() in ARRAYS and p not in folders)
    others = [path for path in shown if path not in bags and path not in folders]
    passed = (
        (("hidden file", "hidden files"), hidden),
        (("folder", "folders"), folders),
        (("file of another kind", "files of other kinds"), others),
    )
    notes = [
        f"not read: {counted(len(some), *words)} in {folder}, {some[0].name!r} for one"
        for words, some in passed
        if some
    ]
    return bags, tuple(notes)


def _patch_sides(paths: Sequence[Path]) -> tuple[str, ...]:
    """Say what the ``coords`` of HDF5 files are, and how large a patch is, where the files tell it."""
    sides = Counter(
        side for path in paths if path.suffix.lower() in HDF5 and (side := patch_side(path)) is not None
    )
    if not sides:
        return ()
    told = ", ".join(f"{side} pixels in {counted(count, 'file')}" for side, count in sorted(sides.items()))
    return (
        f"instances are named by the top left corner of their patch; its side at full resolution: {told}",
    )


def _shapes(paths: tuple[Path, ...]) -> dict[Path, tuple[int, int]]:
    """Return ``(R, F)`` of each file from its header alone, or one error with all that do not fit."""
    shapes: dict[Path, tuple[int, int]] = {}
    problems = []
    for path in paths:
        try:
            shape = array_shape(path)
        except DataError as error:
            problems.append(str(error).removeprefix(f"{path.parent}/"))
            continue
        width = next(iter(shapes.values()))[1] if shapes else None
        if len(shape) != 2 or 0 in shape:
            problems.append(f"{path.name}: must be (R, F) with at least one instance, got shape {shape}")
        elif width is not None and shape[1] != width:
            problems.append(f"{path.name}: {shape[1]} features where {next(iter(shapes)).name} has {width}")
        else:
            shapes[path] = (shape[0], shape[1])
    if problems:
        raise DataError("files that cannot be used as bags; correct or remove them:", problems)
    return shapes
