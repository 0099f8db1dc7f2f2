"""The few threads that read pictures and run the network: many clients wait in line, none is refused."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

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
