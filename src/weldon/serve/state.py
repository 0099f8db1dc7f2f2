"""What all requests share: the runs and which of them answers, the training, the threads that do the work."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from weldon.serve.comparison import compare
from weldon.serve.later import Later
from weldon.serve.served_run import ServedRun, open_served_run
from weldon.serve.take_away import Parcel
from weldon.serve.training_job import DONE, TrainingJob

Value = TypeVar("Value")
READERS = 2


class Workers:
    """Threads for reading pictures, and one for the network, which uses all cores by itself."""

    def __init__(self) -> None:
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="weldon-page-read")
        self._network = ThreadPoolExecutor(1, thread_name_prefix="weldon-page-look")

    async def read(self, work: Callable[..., Value], *arguments: Any, **options: Any) -> Value:
        """Return what ``work`` returns, done in a thread that reads pictures."""
        call = functools.partial(work, *arguments, **options)
        return await asyncio.get_running_loop().run_in_executor(self._readers, call)

    async def look(self, work: Callable[..., Value], *arguments: Any, **options: Any) -> Value:
        """Return what ``work`` returns, done in the thread of the network."""
        call = functools.partial(work, *arguments, **options)
        return await asyncio.get_running_loop().run_in_executor(self._network, call)

    def look_now(self, work: Callable[..., Value], *arguments: Any) -> Value:
        """Return the same to a thread that waits for it; whoever asks meanwhile comes in between."""
        return self._network.submit(work, *arguments).result()

    def close(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        for threads in (self._readers, self._network):
            threads.shutdown(cancel_futures=True)


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
