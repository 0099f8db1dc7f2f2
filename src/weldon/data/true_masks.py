"""True segmentation masks, for measuring: indexed PNG files, and what their indices mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weldon.data.delimited import read_columns
from weldon.data.image import refused
from weldon.data.opened import opened
from weldon.data.record import Record
from weldon.data.voc import VOC_CLASSES
from weldon.errors import DataError, UsageError

IGNORED = 255
BACKGROUND = "background"
LEGEND_FILE = "legend.csv"


class TrueMasks:
    """The masks of images, with the numbers that a run's own masks have.

    Number 0 is background, ``i`` the run's class ``i - 1``, then come the classes of the masks that the run
    does not know, which it can only miss; 255 is ignored.

    Args:
        paths: the mask of each file name.
        classes: of the run.
        legend: class name of each index in the files, background included.
    """

    def __init__(self, paths: Mapping[str, Path], classes: Sequence[str], legend: Mapping[int, str]) -> None:
        self.paths, self.classes = dict(paths), tuple(classes)
        strangers = [name for name in legend.values() if name not in (BACKGROUND, *classes)]
        self.labels = (BACKGROUND, *classes, *strangers)
        number = {name: place for place, name in enumerate(self.labels)}
        self._meaning = np.full(256, -1, dtype=np.int16)
        for index, name in legend.items():
            self._meaning[index] = number[name]
        self._meaning[IGNORED] = IGNORED

    def __contains__(self, file_name: object) -> bool:
        """Return whether the image of that name has a mask."""
        return file_name in self.paths

    def __len__(self) -> int:
        """Count the images with a mask."""
        return len(self.paths)

    def read(self, file_name: str, size: tuple[int, int]) -> NDArray[np.uint8]:
        """Return the mask of an image of ``size`` (width, height) as ``(height, width)`` uint8.

        Raises:
            DataError: the file cannot be read, has another size, or an index the legend does not name.
        """
        path = self.paths[file_name]
        mask = read_mask(path, size)
        numbers = self._meaning[mask]
        strange = np.unique(mask[numbers < 0]).tolist()
        if strange:
            raise DataError(
                f"{path} holds the indices {strange}, which the legend does not name: give --legend voc, or "
                "a table with the columns index and class"
            )
        return np.asarray(numbers.astype(np.uint8))


def read_mask(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return an indexed mask, ``(height, width)`` uint8, of an image of ``size`` (width, height).

    Raises:
        DataError: the file cannot be read, is no indexed mask, or has another size.
    """
    with refused(path, "mask"), opened(path) as picture:
        mask = np.asarray(picture)
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise DataError(f"{path} must hold one class index a pixel, got {mask.dtype} {mask.shape}")
    if mask.shape != (size[1], size[0]):
        raise DataError(
            f"{path} must be {size[0]} x {size[1]} as its image, got {mask.shape[1]} x {mask.shape[0]}"
        )
    return mask


def find_masks(records: Sequence[Record], folder: Path | None) -> dict[str, Path]:
    """Return the mask of each file name: ``STEM.png`` in ``folder``, or the record's own.

    Raises:
        UsageError: ``folder`` holds the mask of no record.
    """
    if folder is None:
        return {record.file_name: record.mask for record in records if record.mask is not None}
    named = {record.file_name: folder / f"{Path(record.file_name).with_suffix('')}.png" for record in records}
    flat = {name: folder / path.name for name, path in named.items()}
    found = {
        name: path for name in named for path in (flat[name], named[name]) if path.is_file()
    }  # the one in a folder of its own wins
    if not found:
        raise UsageError(f"masks must be a folder with STEM.png for an image, got {str(folder)!r}")
    return found


def read_legend(choice: str | None, folder: Path | None, classes: Sequence[str]) -> dict[int, str]:
    """Return the class name of each index in mask files.

    Args:
        choice: ``voc`` (the 20 classes of VOC, in its order), ``run`` (as ``weldon predict`` writes masks), a
            table with the columns ``index`` and ``class``, or None: ``legend.csv`` beside the masks where
            there is one, else VOC's for a run of VOC's classes, else the run's.
        folder: of the masks; None for masks that a devkit brings.
        classes: of the run.

    Raises:
        DataError: the table cannot be used.
        UsageError: ``choice`` is no file.

    Example:
        >>> read_legend(None, None, ["scratch", "dent"])
        {0: 'background', 1: 'scratch', 2: 'dent'}
        >>> read_legend(None, None, ["cat"])[8]
        'cat'
    """
    beside = folder / LEGEND_FILE if folder is not None else None
    if choice is None:
        if beside is not None and beside.is_file():
            return _legend_table(beside)
        choice = "voc" if set(classes) <= set(VOC_CLASSES) else "run"
    if choice in ("voc", "run"):
        return dict(enumerate((BACKGROUND, *(VOC_CLASSES if choice == "voc" else classes))))
    if not Path(choice).is_file():
        raise UsageError(f"legend must be voc, run or a table with index and class, got {choice!r}")
    return _legend_table(Path(choice))


def _legend_table(path: Path) -> dict[int, str]:
    rows = read_columns(path, "index", "class")
    problems = [
        f"{path.name} row {number}: index {row['index']!r} is no whole number from 0 to 254"
        for number, row in rows
        if not _is_index(row["index"])
    ]
    problems += [f"{path.name} row {number}: no class" for number, row in rows if not row["class"]]
    if problems:
        raise DataError(f"the legend {path} cannot be used:", problems)
    legend = {int(row["index"]): row["class"] for _, row in rows}
    if len(legend) < len(rows) or len(set(legend.values())) < len(legend):
        raise DataError(f"{path} must name each index and each class once")
    return {0: BACKGROUND} | legend


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3 and int(text) < IGNORED
