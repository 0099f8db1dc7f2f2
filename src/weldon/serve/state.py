"""What all requests share: the run that the page uses, and the threads that do the work."""

from __future__ import annotations

from pathlib import Path

from weldon.serve.served_run import ServedRun
from weldon.serve.workers import Workers


class State:
    """The one state of the server.

    Args:
        used: the run that answers.
        photos: one more folder of pictures that the page may show, or None.
    """

    def __init__(self, used: ServedRun, photos: Path | None = None) -> None:
        self.used = used
        self.photos = photos
        self.workers = Workers()

    def begin(self) -> None:
        """Begin to work out what the page will ask for."""
        self.used.images.start()
        self.used.curves.start()

    def end(self) -> None:
        """Leave: nothing more is begun."""
        self.workers.close()
        self.used.stop()
