"""What all requests share: the runs and which of them answers, the training, the threads that do the work."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from weldon.serve.comparison import compare
from weldon.serve.later import Later
from weldon.serve.served_run import ServedRun, open_served_run
from weldon.serve.take_away import Parcel
from weldon.serve.training_job import DONE, TrainingJob
from weldon.serve.workers import Workers


class State:
    """The one state of the server.

    Args:
        used: the run that answers.
        photos: one more folder of pictures that the page may show, or None.
        device: where to compute.
    """

    def __init__(self, used: ServedRun, photos: Path | None = None, device: str = "auto") -> None:
        self.used = used
        self.before = used
        self.photos = photos
        self.device = device
        self.workers = Workers()
        self.job = TrainingJob()
        self.parcel = Parcel(self.workers.look_now)
        self._turn = threading.RLock()
        self._opened = {used.run.path.resolve(): used}
        self._compared: tuple[Path, Later[dict[str, Any]]] | None = None

    def runs(self) -> dict[str, Path]:
        """Return the runs that the page can use, by name: the first, and those trained since."""
        with self._turn:
            self._open_new()
            return {run.name: path for path, run in self._opened.items()}

    def use(self, name: str) -> None:
        """Let the run of that name answer."""
        with self._turn:
            self.used = self._opened[self.runs()[name]]
        self.begin()

    def comparison(self) -> Later[dict[str, Any]] | None:
        """Return the runs before and after the last training side by side; None without a finished one."""
        with self._turn:
            new = self._open_new()
            if new is None:
                return None
            if self._compared is None or self._compared[0] != new.run.path:
                old, book = self.before, self.before.book.value()
                self._compared = new.run.path, Later(lambda: compare(old, new, book), "comparison")
            return self._compared[1]

    def _open_new(self) -> ServedRun | None:
        """Return the run of the last training, opened, None where it is not finished."""
        progress = self.job.progress()
        if progress.state != DONE or progress.out is None:
            return None
        path = progress.out.resolve()
        if path not in self._opened:
            self._opened[path] = open_served_run(
                path, corrections=self.used.corrections, photos=self.photos, device=self.device
            )
        return self._opened[path]

    def begin(self) -> None:
        """Begin to work out what the page will ask for."""
        self.used.images.start()
        self.used.curves.start()

    def end(self) -> None:
        """Leave: stop the training and break off the rest."""
        self.job.stop()
        self.parcel.end()
        self.workers.close()
        if self._compared is not None:
            self._compared[1].stop()
        for run in self._opened.values():
            run.stop()
