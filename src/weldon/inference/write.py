"""The folder of predictions: tables, records, heat maps and masks, written as the results come."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from weldon.data.file_names import FreeNames, inside
from weldon.data.true_masks import LEGEND_FILE
from weldon.errors import UsageError
from weldon.files import clear_drafts, replacing, write_json
from weldon.inference.evidence import RegionResult
from weldon.inference.map_files import file_stem, overlay_paths, write_heatmaps, write_mask, write_overlays
from weldon.inference.output import IMAGE_TABLES, Tables, json_record
from weldon.inference.reading import Skipped
from weldon.inference.result import Result

PREDICTIONS = ("predictions.csv", "predictions.jsonl")
INSTANCES = "instances.csv"
AFTER_TABLES = ("skipped.csv", INSTANCES, "coco.json", "labelstudio", "cvat", "yolo", "voc")


class PredictionWriter:
    """Write results into a folder as they come: ``predictions.csv``, ``predictions.jsonl``, maps and masks.

    Use it in a ``with`` statement; nothing is written before it is entered. The tables appear when it is left
    without an error: a killed process leaves none that looks whole. No two images share a file, whatever they
    are called.

    Args:
        out: the folder; it must be empty or missing unless ``overwrite``.
        classes: the class names, in the order of the network's outputs.
        wide: a row for each image with a probability for each class, not a row for each image and class.
        heatmaps: write ``heatmaps/NAME.npz`` and, for each predicted class, ``heatmaps/NAME.CLASS.png``.
        masks: options of :meth:`Result.mask` to write ``masks/NAME.png``; None writes none.
        box_threshold: as :meth:`Result.boxes` takes it; None takes the run's.
        overwrite: replace files of the same name in a folder that is not empty.
        tables: how results stand in the tables; ``output.BAG_TABLES`` for those of bags.

    Raises:
        UsageError: the folder is not empty.
    """

    def __init__(
        self,
        out: str | Path,
        classes: tuple[str, ...],
        *,
        wide: bool = False,
        heatmaps: bool = False,
        masks: Mapping[str, Any] | None = None,
        box_threshold: float | None = None,
        overwrite: bool = False,
        tables: Tables[Any] = IMAGE_TABLES,
    ) -> None:
        self.tables = tables
        self.out = Path(out)
        check_output(self.out, overwrite=overwrite)
        self.classes = classes
        self.wide = wide
        self.heatmaps = heatmaps
        self.masks = masks
        self.box_threshold = box_threshold
        self._files = ExitStack()
        self._made: list[Path] = []
        self._drawn = False  # whether maps or masks of an image are there
        self._stems, self._overlays = FreeNames(), FreeNames()

    def __enter__(self) -> Self:
        """Make the folder and begin the tables."""
        self._made = [path for path in (self.out, *self.out.parents) if not path.exists()]
        self.out.mkdir(parents=True, exist_ok=True)
        clear_drafts(self.out)
        kind = self.tables
        columns = kind.wide_columns(self.classes) if self.wide else kind.long_columns
        self._table = self._begin(PREDICTIONS[0], columns)
        self._records = self._files.enter_context(growing_text(self.out / PREDICTIONS[1]))
        if kind.region_rows is not None:
            self._regions = self._begin(INSTANCES, (kind.key, "instance", *self.classes))
        if self.masks is not None:
            self._write_legend(self.out / "masks" / LEGEND_FILE)
        return self

    def _write_legend(self, path: Path) -> None:
        if not path.exists():
            self._made = [path, path.parent, *self._made]
        write_rows(path, ("index", "class"), enumerate(("background", *self.classes)))

    def _begin(self, name: str, columns: tuple[str, ...]) -> Any:
        table = csv.writer(self._files.enter_context(growing_text(self.out / name)), lineterminator="\n")
        table.writerow(columns)
        return table

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the tables in their place; after an error, leave what was there before and what was drawn."""
        self._files.__exit__(kind, error, trace)
        if error is not None and not self._drawn:
            remove_bare(self._made)

    def add(self, result: RegionResult[Any]) -> None:
        """Write what belongs to one image, or one bag."""
        self._drawn = self.heatmaps or self.masks is not None
        kind = self.tables
        self._table.writerows([kind.wide_row(result)] if self.wide else kind.long_rows(result))
        record = kind.record(result, box_threshold=self.box_threshold)
        self._records.write(json.dumps(record, ensure_ascii=False) + "\n")
        if kind.region_rows is not None:
            self._regions.writerows(kind.region_rows(result))
        if isinstance(result, Result) and (self.heatmaps or self.masks is not None):
            self._add_maps(result)

    def _add_maps(self, result: Result) -> None:
        stem = self._stem(result.file_name)
        if self.heatmaps:
            folder = self.out / "heatmaps"
            write_heatmaps(result, folder / f"{stem}.npz")
            write_overlays(
                result,
                {
                    name: folder / self._overlays.claim(path.as_posix())
                    for name, path in overlay_paths(Path(stem), result).items()
                },
            )
        if self.masks is not None:
            write_mask(result.mask(**self.masks), self.out / "masks" / f"{stem}.png")

    def finish(self, skipped: Iterable[Skipped]) -> None:
        """List the files that could not be read in ``skipped.csv``; without any, write nothing."""
        rows = [(skip.file_name, skip.reason) for skip in skipped]
        if rows:
            write_rows(self.out / "skipped.csv", ("file_name", "reason"), rows)

    def _stem(self, file_name: str) -> str:
        """Return the name of an image's files; ``a.png`` after ``a.jpg`` keeps its suffix to stay apart."""
        return self._stems.claim(file_stem(file_name).as_posix(), inside("", file_name).as_posix())


def remove_bare(made: Iterable[Path]) -> None:
    """Remove what was made at the start and holds nothing: files, and folders that are empty, inner first."""
    for path in made:
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()


def check_output(out: Path, *, overwrite: bool) -> None:
    """Refuse a folder that holds something, unless it may be overwritten, and a file in its place.

    Only predictions are ever overwritten: without any, files of the same names are the user's own work.

    Raises:
        UsageError: ``out`` is a file, a folder that is not empty, or one that holds other work.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"out must be a folder, got the file {str(out)!r}: choose another")
    if out.is_dir() and any(out.iterdir()) and not overwrite:
        raise UsageError(
            f"out must be an empty or new folder, got {str(out)!r}; choose another, or use --overwrite"
        )
    if (theirs := _other_work(out)) is not None:
        raise UsageError(
            f"out {str(out)!r} holds {theirs} and no predictions, so it is not overwritten: choose another"
        )


def _other_work(out: Path) -> str | None:
    """Return what a folder holds that looks like predictions and is none of weldon's."""
    if any((out / name).exists() or any(out.glob(f".{name}.*.part")) for name in PREDICTIONS):
        return None  # predictions, or what an interrupted process began
    if (out / "masks").exists() and not (out / "masks" / LEGEND_FILE).exists():
        return "masks"
    return next((name for name in AFTER_TABLES if (out / name).exists()), None)


def save_result(result: Result, out: Path, *, overwrite: bool = False) -> list[Path]:
    """Write one image's answer: ``NAME.json``, ``heatmaps/NAME.npz``, ``heatmaps/NAME.CLASS.png``.

    Returns:
        The files written.

    Raises:
        UsageError: one of them is there already and may not be overwritten.
    """
    stem = file_stem(result.file_name)
    record, maps = out / f"{stem}.json", out / "heatmaps" / f"{stem}.npz"
    overlays = overlay_paths(out / "heatmaps" / stem, result)
    existing = [path for path in (record, maps, *overlays.values()) if path.exists()]
    if existing and not overwrite:
        raise UsageError(f"{existing[0]} exists; save elsewhere or with overwrite=True")
    write_json(record, json_record(result))
    write_heatmaps(result, maps)
    write_overlays(result, overlays)
    return [record, maps, *overlays.values()]


def write_rows(path: Path, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a CSV file, whole or not at all."""
    with growing_text(path) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)


@contextmanager
def growing_text(path: Path) -> Iterator[TextIO]:
    """Yield a text file that grows row by row and takes its place once the block has ended well.

    Names that are no UTF-8 keep their bytes.
    """
    with (
        replacing(path) as draft,
        draft.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
    ):
        yield file
