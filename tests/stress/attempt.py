"""One run of the library in a process of its own: what it said, how it ended, what it took."""

from __future__ import annotations

import multiprocessing.process
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

WALL_SECONDS = 150.0
ROOM = 4 << 30  # bytes of address space on top of what the parent has


@dataclass(frozen=True)
class Outcome:
    """How a command ended.

    Args:
        arguments: of the command.
        status: exit status; negative: ended by that signal; None: it did not end in time.
        out: standard output.
        err: standard error.
        seconds: of the processor.
        megabytes: of memory at the most, on top of what the process began with.
    """

    arguments: tuple[str, ...]
    status: int | None
    out: str
    err: str
    seconds: float
    megabytes: float

    @property
    def said(self) -> str:
        """Everything that was printed."""
        return self.out + self.err


@dataclass(frozen=True)
class Started:
    """A child that was started: its process, its folder, and the memory that the parent had."""

    arguments: tuple[str, ...]
    child: int
    folder: Path
    kilobytes: int


def attempt(
    arguments: Sequence[str],
    folder: Path,
    run: Callable[[Sequence[str]], int],
    *,
    before: Callable[[], None] | None = None,
    kill_after: float | None = None,
) -> Outcome:
    """Run ``run(arguments)`` in a child that is forked from this process, which has everything imported.

    Args:
        arguments: of the command, as after ``weldon``.
        folder: of the case; the child works in ``folder/work``.
        run: returns the exit status.
        before: called in the child first.
        kill_after: seconds after which the child is killed.
    """
    return finish(start(arguments, folder, run, before=before), kill_after)


def start(
    arguments: Sequence[str],
    folder: Path,
    run: Callable[[Sequence[str]], int],
    *,
    before: Callable[[], None] | None = None,
) -> Started:
    """Begin what :func:`attempt` does."""
    (folder / "work").mkdir(parents=True, exist_ok=True)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = os.fork()
    if child == 0:
        _child(arguments, folder, run, before)
    return Started(tuple(arguments), child, folder, kilobytes)


def finish(started: Started, kill_after: float | None = None) -> Outcome:
    """Wait until a child has ended, or end it."""
    status, usage = _wait(started.child, WALL_SECONDS if kill_after is None else kill_after)
    return Outcome(
        started.arguments,
        status if status is not None or kill_after is None else -signal.SIGKILL,
        *(_said(started.folder / name) for name in ("out.txt", "err.txt")),
        usage.ru_utime + usage.ru_stime,
        max(0.0, (usage.ru_maxrss - started.kilobytes) / 1024),
    )


def _said(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _child(
    arguments: Sequence[str],
    folder: Path,
    run: Callable[[Sequence[str]], int],
    before: Callable[[], None] | None,
) -> NoReturn:
    status = 99
    try:
        os.setsid()
        multiprocessing.process.current_process()._config["daemon"] = False  # it may have workers
        _redirect(folder)
        os.chdir(folder / "work")
        _bound_memory()
        os.environ.update(HOME=str(folder / "home"), TMPDIR=str(folder), COLUMNS="1000")
        sys.argv = ["weldon", *arguments]
        if before is not None:
            before()
        status = run(arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _redirect(folder: Path) -> None:
    for number, name in ((1, "out.txt"), (2, "err.txt")):
        file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
        os.close(file)


def _bound_memory() -> None:
    pages = (
        int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else None
    )
    if pages is not None:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ROOM,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _wait(child: int, seconds: float) -> tuple[int | None, resource.struct_rusage]:
    end = time.monotonic() + seconds
    while True:
        found, status, usage = os.wait4(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status), usage
        if time.monotonic() > end:
            os.killpg(child, signal.SIGKILL)
            _, status, usage = os.wait4(child, 0)
            return None, usage
        time.sleep(0.005)
