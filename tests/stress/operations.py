"""Counts what a process does to files, and kills it at one of these operations, without asking it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Operations:
    """An audit hook that numbers every opening for writing and every change of a name below a folder.

    Args:
        folder: files elsewhere do not count.
        fatal: the number of the operation at which the process kills itself; 0: never.
    """

    def __init__(self, folder: Path, fatal: int = 0) -> None:
        self.folder, self.fatal, self.count = str(folder), fatal, 0

    def install(self) -> None:
        """Begin to count, in this process."""
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._counts(event, arguments):
            return
        self.count += 1
        if self.count == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def _counts(self, event: str, arguments: tuple[object, ...]) -> bool:
        if event not in CHANGES and event != "open":
            return False
        path = arguments[0]
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITING):
            return False
        return os.path.abspath(os.fsdecode(path)).startswith(self.folder)


def counting(
    run: Callable[[Sequence[str]], int], operations: Operations, told: Path
) -> Callable[[Sequence[str]], int]:
    """Return ``run``, after which the number of operations stands in the file ``told``."""

    def counted(arguments: Sequence[str]) -> int:
        status = run(arguments)
        told.write_text(str(operations.count))
        return status

    return counted
