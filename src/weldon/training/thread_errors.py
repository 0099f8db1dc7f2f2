"""A full disk is told once: TensorBoard's thread prints a traceback of what it raises again in the run."""

from __future__ import annotations

import contextlib
import threading
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
