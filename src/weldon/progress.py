"""Bars on standard error for what takes long; a file or a pipe gets none, not even their empty lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")


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
    with progress_bar(shown=shown) as bar:
        yield from bar.track(things, total=total, description=words)
