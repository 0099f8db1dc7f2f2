"""``train.log`` keeps what a run says; a full disk stops the run with a message that names the folder."""

from __future__ import annotations

import contextlib
import logging
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def told_once(folder: Path) -> Iterator[None]:
    """Keep TensorBoard's thread from printing what the system says, and name the folder where nothing does.

    Args:
        folder: of the run, which the logs of training go to.

    Raises:
        OSError: with ``folder`` for a file name where it had none.
    """
    before = threading.excepthook

    def hook(told: threading.ExceptHookArgs) -> None:
        of_tensorboard = type(told.thread).__module__.startswith("tensorboard.")
        if not (of_tensorboard and isinstance(told.exc_value, OSError)):
            before(told)

    threading.excepthook = hook
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(folder)
        raise
    finally:
        threading.excepthook = before


log = logging.getLogger("weldon")

LIGHTNING_REMARKS = (  # true of every run here, and nothing a person could act on
    ".*does not have many workers.*",
    ".*is smaller than the logging interval.*",
    ".*exists and is not empty.*",
    ".*in eval mode at the start of training.*",
    ".*isinstance.treespec, LeafSpec.*",
)


class RunLog(logging.FileHandler):
    """Append to a file in a folder that may not be there yet: what is said before waits for it.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", delay=True)
        self.path = path
        self.waiting: list[logging.LogRecord] = []
        self.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%Y-%m-%d %H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record once there is a folder, after those that waited.

        Raises:
            OSError: no room; it names the file.
        """
        self.waiting.append(record)
        if not self.path.parent.is_dir():
            return
        waiting, self.waiting = self.waiting, []
        for said in waiting:
            super().emit(said)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Pass on what went wrong, where Python would print a traceback and go on."""
        try:
            raise  # noqa: PLE0704  # logging calls this while the error is being handled
        except OSError as error:
            error.filename = str(self.path)
            raise

    def close(self) -> None:
        """Close the file; what could not be written has been said."""
        with contextlib.suppress(OSError):
            super().close()


@contextlib.contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Write what the run says to ``path`` too, and keep Lightning's own remarks for its warnings."""
    handler = RunLog(path)
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    lightning_log = logging.getLogger("lightning.pytorch")
    level = lightning_log.level
    lightning_log.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for remark in LIGHTNING_REMARKS:
                warnings.filterwarnings("ignore", message=remark)
            yield
    finally:
        log.removeHandler(handler)
        handler.close()
        lightning_log.setLevel(level)
