"""A run as the page uses it: its network, its pictures, and what its thresholds cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from weldon.data import Record
from weldon.inference.predict import Predictor, load
from weldon.report.scored_split import score_split
from weldon.runs.run_directory import RunDirectory, open_run
from weldon.serve.later import Later
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
        photos: one more folder of pictures that the page may show, or None.
        device: where to compute.
    """

    def __init__(self, run: RunDirectory, predictor: Predictor, photos: Path | None, device: str) -> None:
        self.run = run
        self.predictor = predictor
        self.images: Later[RunImages] = Later(
            lambda: read_run_images(run, photos, predictor.classes), "images"
        )
        self.measured: Later[Measured] = Later(lambda: _measure(run, device), "validation")
        self.curves: Later[dict[str, Curve]] = Later(self._curves, "thresholds")

    @property
    def name(self) -> str:
        """What the page calls it: the name of its folder."""
        return self.run.path.resolve().name

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the network's outputs."""
        return self.predictor.classes

    def stop(self) -> None:
        """Break off what is being worked out."""
        for later in (self.images, self.measured, self.curves):  # the last waits for the one before
            later.stop()

    def _curves(self) -> dict[str, Curve]:
        measured = self.measured.value()
        thresholds = self.predictor.thresholds
        return threshold_curves(measured.scores, measured.target, measured.known, thresholds)


def open_served_run(path: str | Path, *, photos: Path | None = None, device: str = "auto") -> ServedRun:
    """Return a run for the page.

    Args:
        path: a folder that ``weldon train`` wrote.
        photos: one more folder of pictures, or None.
        device: where to compute; ``auto`` is an accelerator where there is one.

    Raises:
        UsageError: no finished run on images.
        DataError: a file of the run is damaged.
    """
    return ServedRun(open_run(path), load(path, device=device, workers=0), photos, device)


def _measure(run: RunDirectory, device: str) -> Measured:
    scored = score_split(run, "val", device=device)
    return Measured(scored.records, scored.scores, *scored.labels)
