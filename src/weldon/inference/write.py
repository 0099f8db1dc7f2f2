"""The folder of predictions: tables, records, heat maps and masks, written as the results come."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Self

from weldon.errors import UsageError
from weldon.inference.map_files import file_stem, overlay_path, write_heatmaps, write_mask, write_overlays
from weldon.inference.reading import Skipped
from weldon.inference.result import Result
from weldon.inference.table import LONG_COLUMNS, json_record, long_rows, wide_columns, wide_row


class PredictionWriter:
    """Write results into a folder as they come: ``predictions.csv``, ``predictions.jsonl``, maps and masks.

    Use it in a ``with`` statement; nothing is written before it is entered.

    Args:
        out: the folder; it must be empty or missing unless ``overwrite``.
        classes: the class names, in the order of the network's outputs.
        wide: a row for each image with a probability for each class, not a row for each image and class.
        heatmaps: write ``heatmaps/NAME.npz`` and, for each predicted class, ``heatmaps/NAME.CLASS.png``.
        masks: options of :meth:`Result.mask` to write ``masks/NAME.png``; None writes none.
        box_threshold: as :meth:`Result.boxes` takes it; None takes the run's.
        overwrite: replace files of the same name in a folder that is not empty.

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
    ) -> None:
        self.out = Path(out)
        check_output(self.out, overwrite=overwrite)
        self.classes = classes
        self.wide = wide
        self.heatmaps = heatmaps
        self.masks = masks
        self.box_threshold = box_threshold
        self._files = ExitStack()
        self._taken: dict[PurePosixPath, str] = {}

    def __enter__(self) -> Self:
        """Make the folder and open the tables."""
        self.out.mkdir(parents=True, exist_ok=True)
        opened = [
            self._files.enter_context((self.out / name).open("w", encoding="utf-8", newline=""))
            for name in ("predictions.csv", "predictions.jsonl")
        ]
        self._table, self._records = csv.writer(opened[0], lineterminator="\n"), opened[1]
        self._table.writerow(wide_columns(self.classes) if self.wide else LONG_COLUMNS)
        if self.masks is not None:
            write_rows(
                self.out / "masks" / "legend.csv",
                ("index", "class"),
                enumerate(("background", *self.classes)),
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the tables."""
        self._files.close()

    def add(self, result: Result) -> None:
        """Write what belongs to one image."""
        self._table.writerows([wide_row(result)] if self.wide else long_rows(result))
        record = json_record(result, box_threshold=self.box_threshold)
        self._records.write(json.dumps(record, ensure_ascii=False) + "\n")
        if not (self.heatmaps or self.masks is not None):
            return
        stem = self._stem(result.file_name)
        if self.heatmaps:
            write_heatmaps(result, self.out / "heatmaps" / f"{stem}.npz")
            write_overlays(result, self.out / "heatmaps" / stem)
        if self.masks is not None:
            write_mask(result.mask(**self.masks), self.out / "masks" / f"{stem}.png")

    def finish(self, skipped: Iterable[Skipped]) -> None:
        """List the files that could not be read in ``skipped.csv``; without any, write nothing."""
        rows = [(skip.file_name, skip.reason) for skip in skipped]
        if rows:
            write_rows(self.out / "skipped.csv", ("file_name", "reason"), rows)

    def _stem(self, file_name: str) -> PurePosixPath:
        """Return the name of an image's files; ``a.png`` after ``a.jpg`` keeps its suffix to stay apart."""
        stem = file_stem(file_name)
        if self._taken.setdefault(stem, file_name) != file_name:
            stem = stem.with_name(PurePosixPath(file_name).name)
        return stem


def check_output(out: Path, *, overwrite: bool) -> None:
    """Refuse a folder that holds something, unless it may be overwritten, and a file in its place.

    Raises:
        UsageError: ``out`` is a file, or a folder that is not empty.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"out must be a folder, got the file {str(out)!r}")
    if out.is_dir() and any(out.iterdir()) and not overwrite:
        raise UsageError(
            f"out must be an empty or new folder, got {str(out)!r}; choose another or overwrite it"
        )


def save_result(result: Result, out: Path, *, overwrite: bool = False) -> list[Path]:
    """Write one image's answer: ``NAME.json``, ``heatmaps/NAME.npz``, ``heatmaps/NAME.CLASS.png``.

    Returns:
        The files written.

    Raises:
        UsageError: one of them is there already and may not be overwritten.
    """
    stem = file_stem(result.file_name)
    record, maps = out / f"{stem}.json", out / "heatmaps" / f"{stem}.npz"
    overlays = [overlay_path(out / "heatmaps" / stem, name) for name in result.shown]
    existing = [path for path in (record, maps, *overlays) if path.exists()]
    if existing and not overwrite:
        raise UsageError(f"{existing[0]} exists; save elsewhere or with overwrite=True")
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(json_record(result), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write_heatmaps(result, maps)
    return [record, maps, *write_overlays(result, out / "heatmaps" / stem)]


def write_rows(path: Path, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """Write a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows(rows)
