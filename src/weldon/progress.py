"""Bars on standard error for what takes long; a file or a pipe gets none, not even their empty lines."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")
Clock = Callable[[], float]
log = logging.getLogger("weldon")
_heard: ContextVar[Callable[[str, float], None] | None] = ContextVar("heard", default=None)
WATCHED, LONG = 3, 10.0  # things to watch before speaking; seconds worth speaking of


def progress_bar(*, shown: bool = True) -> Progress:
    """Return a bar that vanishes when its block ends; none is drawn where ``shown`` is false.

    Args:
        shown: whether it is wanted, and what it counts takes long enough.
    """
    from rich.console import Console  # rich is slow to load, and most commands count nothing
    from rich.progress import Progress

    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not (shown and console.is_terminal))


def tracked(things: Iterable[T], words: str, total: int | None = None, *, shown: bool = True) -> Iterable[T]:
    """Yield ``things`` beside a bar.

    Args:
        things: what is counted.
        words: what is done with them, before the bar.
        total: how many there are; None: as many as ``things`` says it has.
        shown: as for :func:`progress_bar`.
    """
    heard, known = _heard.get(), len(things) if total is None and isinstance(things, Sized) else total
    with progress_bar(shown=shown) as bar:
        for number, thing in enumerate(bar.track(things, total=total, description=words)):
            if heard is not None and known:
                heard(words, number / known)
            yield thing


@contextmanager
def heard_by(hear: Callable[[str, float], None]) -> Iterator[None]:
    """Tell ``hear`` how far it is with what :func:`tracked` counts inside the block, in this thread.

    Args:
        hear: takes the words and a share in [0, 1), for people who see no bar.
    """
    before = _heard.set(hear)
    try:
        yield
    finally:
        _heard.reset(before)


def estimated(things: Iterable[T], words: str, total: int, *, clock: Clock = time.monotonic) -> Iterator[T]:
    """Yield ``things``; say once how long the rest takes, which a file or a pipe without a bar needs to know.

    Args:
        things: what takes long.
        words: what they are made into.
        total: how many there are.
        clock: seconds from any start.
    """
    started = 0.0
    for number, thing in enumerate(things):
        if number == 1:  # the first pays for warming up
            started = clock()
        if number == WATCHED + 1 and (left := (total - number) * (clock() - started) / WATCHED) > LONG:
            log.info("%s: about %s ahead", words, spell_seconds(left))
        yield thing


def spell_seconds(seconds: float) -> str:
    """Return a duration as people say it.

    Example:
        >>> spell_seconds(42), spell_seconds(190), spell_seconds(8000)
        ('42 s', '3 min', '2.2 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
