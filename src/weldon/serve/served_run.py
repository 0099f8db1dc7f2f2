"""A run as the page uses it: its network, its pictures, their labels, and what its thresholds cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from weldon.data import Record
from weldon.data.corrections import joined_table
from weldon.inference.loading import load_images
from weldon.inference.predict import Predictor
from weldon.report.scored_split import score_split
from weldon.runs.run_directory import RunDirectory, open_run
from weldon.serve.label_book import LabelBook
from weldon.serve.later import DONE, Later, Seen
from weldon.serve.review_queue import Doubts, Item, class_queue, find_doubts, folder_queue, next_queue
from weldon.serve.run_images import RunImages, read_run_images
from weldon.serve.threshold_curves import Curve, threshold_curves


@dataclass(frozen=True, eq=False)
class Measured:
    """The validation images of a run with their scores.

    Args:
        records: N images.
        scores: ``(N, C)`` float.
        target: ``(N, C)`` in {0, 1}.
        known: ``(N, C)`` bool.
    """

    records: tuple[Record, ...]
    scores: Tensor
    target: Tensor
    known: Tensor


class ServedRun:
    """A finished run, open; what takes long is worked out beside.

    Args:
        run: its folder.
        predictor: its network.
        corrections: the table that people's corrections go to.
        photos: one more folder of pictures that the page may show, or None.
        device: where to compute.
    """

    def __init__(
        self, run: RunDirectory, predictor: Predictor, corrections: Path, photos: Path | None, device: str
    ) -> None:
        self.run = run
        self.predictor = predictor
        self.corrections = corrections
        single = predictor.decision.task == "multiclass"
        self.images: Later[RunImages] = Later(
            lambda: read_run_images(run, photos, predictor.classes, spoken=joined_table(corrections)),
            "images",
        )
        self.book: Later[LabelBook] = Later(
            lambda: LabelBook(corrections, self.images.value(), self.classes, single=single), "labels"
        )
        self.measured: Later[Measured] = Later(lambda: _measure(run, device), "validation")
        self.curves: Later[dict[str, Curve]] = Later(self._curves, "thresholds")
        self.doubts: Later[Doubts] = Later(
            lambda: find_doubts(run, corrections, self.images.value(), device=device), "suspects"
        )
        self.next_ones: Later[list[Item]] = Later(
            lambda: next_queue(run, corrections, photos, self.images.value(), device=device), "next"
        )
        self._class_queues: dict[str, list[Item]] = {}

    @property
    def name(self) -> str:
        """What the page calls it: the name of its folder."""
        return self.run.path.resolve().name

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the network's outputs."""
        return self.predictor.classes

    def queue(self, kind: str, class_name: str, folder: str) -> Seen[list[Item]]:
        """Return the items of a queue, or how far what it waits for is.

        Args:
            kind: ``suspects``, ``next``, ``class`` or ``folder``.
            class_name: for ``class``.
            folder: for ``folder``.

        Raises:
            UsageError: no such class or folder.
        """
        images, book = self.images.seen(), self.book.seen()
        if images.value is None or book.value is None:
            waited = images if images.value is None else book
            return Seen(waited.state, waited.problem, None, waited.progress)
        if kind == "suspects":
            doubts = self.doubts.seen()
            suspects = None if doubts.value is None else doubts.value.suspects
            return Seen(doubts.state, doubts.problem, suspects, doubts.progress)
        if kind == "next":
            return self.next_ones.seen()
        if kind == "folder":
            return Seen(DONE, "", folder_queue(images.value, folder))
        return Seen(DONE, "", self._class_queue(images.value, class_name))

    def _class_queue(self, images: RunImages, class_name: str) -> list[Item]:
        self.predictor.decision.index(class_name)
        doubts = self.doubts.peek()
        if doubts is None:
            return class_queue(images, class_name, {})
        if class_name not in self._class_queues:
            self._class_queues[class_name] = class_queue(images, class_name, doubts.chances(class_name))
        return self._class_queues[class_name]

    def stop(self) -> None:
        """Break off what is being worked out."""
        for later in (self.images, self.measured, self.doubts, self.next_ones, self.book, self.curves):
            later.stop()  # the last ones wait for the first

    def _curves(self) -> dict[str, Curve]:
        measured = self.measured.value()
        thresholds = self.predictor.thresholds
        return threshold_curves(measured.scores, measured.target, measured.known, thresholds)


def open_served_run(
    path: str | Path, *, corrections: Path | None = None, photos: Path | None = None, device: str = "auto"
) -> ServedRun:
    """Return a run for the page.

    Args:
        path: a folder that ``weldon train`` wrote.
        corrections: the table that people's corrections go to; None: the one that the run was trained with,
            else ``RUN.corrections.csv`` beside the run.
        photos: one more folder of pictures, or None.
        device: where to compute; ``auto`` is an accelerator where there is one.

    Raises:
        UsageError: no finished run on images.
        DataError: a file of the run is damaged.
    """
    run = open_run(path)
    predictor = load_images(path, device=device, workers=0)
    return ServedRun(run, predictor, corrections or run.corrections_table(), photos, device)


def _measure(run: RunDirectory, device: str) -> Measured:
    scored = score_split(run, "val", device=device)
    return Measured(scored.records, scored.scores, *scored.labels)
