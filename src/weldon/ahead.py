"""Work one item ahead: the next one is made in a thread while somebody uses the one at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from weldon.stopping import leave_if_told

Item = TypeVar("Item")
_END = object()


def one_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Yield ``items`` in order; each is made while the one before it is used.

    What making one raises is raised where it would have been without a thread. When the reader stops early,
    the thread is waited for, and a generator is closed.

    Args:
        items: an iterable; its iterator is made, and left, in the reader's thread.

    Example:
        >>> list(one_ahead(number * number for number in range(4)))
        [0, 1, 4, 9]
    """
    source = iter(items)
    thread = ThreadPoolExecutor(1, thread_name_prefix="weldon-ahead")
    try:
        coming = thread.submit(next, source, _END)
        while (item := coming.result()) is not _END:
            leave_if_told()  # which speaks of the reader's thread
            coming = thread.submit(next, source, _END)
            yield item  # type: ignore[misc]
    finally:
        thread.shutdown(cancel_futures=True)
        if (close := getattr(source, "close", None)) is not None:
            close()
