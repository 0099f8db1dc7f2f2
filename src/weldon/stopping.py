"""Ctrl-C, SIGTERM and the end of a server as an exception: what is running leaves in order."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

WORDS = {signal.SIGINT: "stopped by the keyboard", signal.SIGTERM: "told to end (SIGTERM)"}
_this_thread = threading.local()
_DEFAULTS: dict[int, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


class Stopped(SystemExit):
    """Somebody stopped the work; where nobody catches it, Python leaves with 128 + the signal, as shells do.

    Args:
        number: the signal.
        words: what to tell a person.
        told: whether they were told already.

    Example:
        >>> stopped = Stopped(signal.SIGTERM)
        >>> stopped.code, stopped.words
        (143, 'told to end (SIGTERM)')
    """

    def __init__(self, number: int, words: str = "", *, told: bool = False) -> None:
        super().__init__(128 + number)
        self.number = number
        self.told = told
        self.words = words or WORDS.get(signal.Signals(number), f"stopped by signal {number}")


def stop(number: int, frame: Any) -> None:
    """Handle a signal: raise :class:`Stopped`."""
    raise Stopped(number)


@contextlib.contextmanager
def stoppable(*numbers: int) -> Iterator[None]:
    """Let these signals raise :class:`Stopped` inside the block.

    A signal that is ignored (``nohup``) or that somebody handles already is left as it is, and so are all
    outside the main thread, where Python allows no handlers.

    Args:
        numbers: SIGINT, SIGTERM or both.
    """
    taken = [number for number in numbers if signal.getsignal(number) == _DEFAULTS[number]]
    if threading.current_thread() is not threading.main_thread():
        taken = []
    for number in taken:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, _DEFAULTS[number])


def leave_to_parent(worker: int) -> None:
    """Ignore Ctrl-C in a process that reads for another, as its first act.

    A terminal sends it to all of them. A reader that ended by itself would be taken for one that was lost;
    the parent ends its readers when it leaves.

    Args:
        worker: number of the process, as a ``DataLoader`` gives it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def broken_off_by(told: threading.Event) -> Iterator[None]:
    """Let :func:`leave_if_told` raise in this thread once ``told`` is set.

    Long work asks between two batches. An exception that is thrown into a thread from outside may fall where
    a lock is held, which then nobody gets any more.
    """
    _this_thread.told = told
    try:
        yield
    finally:
        del _this_thread.told


def leave_if_told() -> None:
    """Raise :class:`Stopped` where this thread works for somebody who no longer waits; else do nothing."""
    told: threading.Event | None = getattr(_this_thread, "told", None)
    if told is not None and told.is_set():
        raise Stopped(signal.SIGTERM, told=True)
