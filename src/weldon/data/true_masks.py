"""True segmentation masks, for measuring: indexed PNG files, and what their indices mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from weldon.data.decode import opened
from weldon.data.delimited import read_columns
from weldon.data.file_names import inside
from weldon.data.image import refused
from weldon.data.public.voc import VOC_CLASSES
from weldon.data.record import Record
from weldon.errors import DataError, UsageError
from weldon.void import VOID

BACKGROUND = "background"
LEGEND_FILE = "legend.csv"


class TrueMasks:
    """The masks of images, with the numbers that a run's own masks have.

    Number 0 is background, ``i`` the run's class ``i - 1``, then come the classes of the masks that the run
    does not know, which it can only miss; 255 is ignored unless the legend names it.

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
        self._meaning[VOID] = VOID  # unless the legend names it
        for index, name in legend.items():
            self._meaning[index] = number[name]

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
    mask = _indices(path)
    if mask.shape != (size[1], size[0]):
        raise DataError(
            f"{path} must be {size[0]} x {size[1]} as its image, got {mask.shape[1]} x {mask.shape[0]}"
        )
    return mask


def _indices(path: Path) -> NDArray[np.uint8]:
    with refused(path, "mask"), opened(path) as picture:
        mask = np.asarray(picture)
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise DataError(f"{path} must hold one class index a pixel, got {mask.dtype} {mask.shape}")
    return mask


def refuse_no_object(paths: Iterable[Path], legend: Mapping[int, str]) -> None:
    """Raise where no mask holds an object: nothing but background could be measured.

    Masks of 0 and 255 are common, 255 being the object; without a legend that says so it means ignored.

    Raises:
        DataError: no mask holds an object, or one cannot be read.
    """
    ignored = None
    for path in paths:
        held = set(np.unique(_indices(path)).tolist())
        if any(legend.get(index) != BACKGROUND and (index != VOID or index in legend) for index in held):
            return
        if VOID in held:
            ignored = ignored or path
    if ignored is not None:
        raise DataError(
            f"the masks hold only 0 and 255 ({ignored} for one), and 255 means ignored: say which class it "
            "is with --legend TABLE, whose columns are index and class and which has a row such as 255,cat"
        )
    raise DataError("no mask of the measured images holds an object: there is nothing to measure")


def find_masks(records: Sequence[Record], folder: Path | None) -> dict[str, Path]:
    """Return the mask of each file name, else the record's own.

    In ``folder`` it is called as the image with ``.png`` added, or in place of its ending; in a folder of its
    own or not.

    Raises:
        DataError: ``folder`` holds the mask of no record, or one mask could be of two.
    """
    if folder is None:
        return {record.file_name: record.mask for record in records if record.mask is not None}
    found: dict[str, Path] = {}
    owners: dict[Path, list[str]] = defaultdict(list)
    for name in dict.fromkeys(record.file_name for record in records):
        path = next((path for path in _mask_paths(name, folder) if path.is_file()), None)
        if path is not None:
            found[name] = path
            owners[path].append(name)
    if not found:
        raise DataError(f"masks must be a folder with STEM.png for an image, got {str(folder)!r}")
    if shared := [f"{path}: {' and '.join(names[:3])}" for path, names in owners.items() if names[1:]]:
        raise DataError("masks could be of several images; put each where its image lies:", shared)
    return found


def _mask_paths(name: str, folder: Path) -> Iterator[Path]:
    """Yield where the mask of an image may lie, the surest place first."""
    path = PurePosixPath(name.replace("\\", "/").lstrip("/"))
    for place in (path, PurePosixPath(path.name)):
        yield inside(folder, f"{place}.png")
        yield inside(folder, f"{place.with_suffix('')}.png")


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
        f"{path.name} row {number}: index {row['index']!r} is no whole number from 0 to 255"
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
    return text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= 255
