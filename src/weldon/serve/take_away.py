"""Predictions of a folder as one zip file: tables, and the files of annotation tools."""

from __future__ import annotations

import tempfile
import threading
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from weldon.data.formats import WRITERS
from weldon.data.formats.registry import check_file_names
from weldon.errors import DataError, UsageError, WeldonError, system_sentence
from weldon.files import replacing
from weldon.inference.annotation_files import Served, write_for_tools
from weldon.inference.image_list import NamedImage
from weldon.inference.output import to_annotation
from weldon.inference.predict import Predictor
from weldon.inference.reading import Skipped
from weldon.inference.result import Result
from weldon.inference.write import PredictionWriter


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants to take away.

    Args:
        images: the pictures.
        formats: of :data:`weldon.data.formats.WRITERS`.
        thresholds: scores from which classes are reported, where they are not the run's.
        points: a point for each predicted class.
        boxes: boxes of each predicted class.
        masks: a mask of each picture.
    """

    images: Sequence[NamedImage]
    formats: Sequence[str]
    thresholds: Mapping[str, float]
    points: bool = True
    boxes: bool = True
    masks: bool = False


class Parcel:
    """One order at a time, its progress, and the file it becomes.

    Args:
        look: asks the network, in the thread that is its own.
    """

    def __init__(self, look: Callable[..., Result]) -> None:
        self._look = look
        self._turn = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="weldon-page-", ignore_cleanup_errors=True)
        self._thread: threading.Thread | None = None
        self._leave = threading.Event()
        self.state, self.problem, self.name = "idle", "", ""
        self.done = self.total = self.skipped = 0
        self.path: Path | None = None
        self.served: Served | None = None

    def begin(self, predictor: Predictor, order: Order, name: str) -> None:
        """Begin to write an order.

        Args:
            predictor: the run.
            order: what is wanted.
            name: of the file, without its ending.

        Raises:
            UsageError: one is under way, a format or class that there is not, or no picture.
            DataError: pictures that would share a file.
        """
        if strange := [one for one in order.formats if one not in WRITERS]:
            raise UsageError(f"formats must be among {', '.join(WRITERS)}, got {strange[0][:40]!r}")
        if not order.images:
            raise UsageError("there is no picture to take away: choose a folder that holds some")
        check_file_names(order.formats, [image.file_name for image in order.images])
        decision = replace(
            predictor.decision, thresholds={**predictor.decision.thresholds, **order.thresholds}
        )
        judge = predictor.with_decision(decision)
        with self._turn:
            if self.state == "working":
                raise UsageError("predictions are being written already: wait until they are done")
            self.state, self.problem, self.name, self.path = "working", "", name, None
            self.served = None
            self.done, self.total, self.skipped = 0, len(order.images), 0
            self._thread = threading.Thread(target=self._run, args=(judge, order), daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Break off, and remove what was written."""
        self._leave.set()
        if self._thread is not None:
            self._thread.join()
        self._folder.cleanup()

    def _run(self, predictor: Predictor, order: Order) -> None:
        try:
            with tempfile.TemporaryDirectory(dir=self._folder.name) as folder:
                out = Path(folder, self.name)
                self._write(predictor, order, out)
                self.path = Path(self._folder.name, "parcel.zip")
                zip_folder(out, self.path)
            self.state = "done"
        except WeldonError as error:
            self.state, self.problem = "failed", str(error)
        except OSError as error:
            self.state, self.problem = "failed", system_sentence(error)

    def _write(self, predictor: Predictor, order: Order, out: Path) -> None:
        masks: dict[str, object] | None = {} if order.masks else None
        annotations, skipped = [], []
        with PredictionWriter(out, predictor.classes, masks=masks) as writer:
            for image in order.images:
                if self._leave.is_set():
                    raise DataError("the server is ending")
                try:
                    found = self._look(predictor.predict_one, image.path)
                except DataError as error:
                    skipped.append(Skipped(image.file_name, str(error)))
                    self.skipped += 1
                    continue
                result = replace(found, file_name=image.file_name)
                writer.add(result)
                if order.formats:
                    annotations.append(
                        to_annotation(result, points=order.points, boxes=order.boxes, masks=masks)
                    )
                self.done += 1
            writer.finish(skipped)
        self.served = write_for_tools(out, order.formats, annotations, predictor.classes, order.images)


def zip_folder(folder: Path, path: Path) -> None:
    """Write a folder, under its own name, as a zip file."""
    with replacing(path) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder.parent).as_posix())
