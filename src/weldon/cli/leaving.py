"""End a command: say a failure in one sentence with a status; keep what nobody foresaw in a file."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shlex
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from weldon.cli.console import say, say_error
from weldon.errors import WeldonError, system_sentence
from weldon.stopping import Stopped, stoppable

READER_ENDED = re.compile(r"DataLoader worker \(pid.*?\) (?:is killed by )?(signal: \w+|exited unexpectedly)")
DATA, UNFORESEEN = 1, 70  # sysexits.h has 70; a signal is 128 + its number, as shells have it


def run_command(command: Callable[[], object]) -> int:
    """Run ``command`` and return the exit status: 0 done, 1 bad data or disk, 2 usage, 70 unforeseen.

    Ctrl-C gives 130 and SIGTERM 143, each with a line that says so.

    Args:
        command: parses the command line and runs one verb; ``SystemExit`` passes through.
    """
    try:
        with _silent_readers():
            try:
                with stoppable(signal.SIGINT, signal.SIGTERM):
                    command()
            except (Stopped, KeyboardInterrupt) as error:
                _let_go(error)
                return _say_stopped(error if isinstance(error, Stopped) else Stopped(signal.SIGINT))
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DATA
    except Exception as error:
        words, status = _told(error)
        say_error(words)
        return status
    return 0


@contextlib.contextmanager
def _silent_readers() -> Iterator[None]:
    """Leave unsaid that processes which read images were ended: a signal to a group ends them as well."""
    before = sys.unraisablehook

    def hear(told: Any) -> None:
        if not READER_ENDED.match(str(told.exc_value)):
            before(told)

    sys.unraisablehook = hear
    try:
        yield
    finally:
        sys.unraisablehook = before


def _let_go(error: BaseException | None) -> None:
    """Drop what the stopped work held, while its complaints are not heard."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__


def _say_stopped(stopped: Stopped) -> int:
    from weldon.runs.claim import is_first_process

    if is_first_process() and not stopped.told:  # of several processes, all were stopped
        say(stopped.words)
    return 128 + stopped.number


def _told(error: Exception) -> tuple[str, int]:
    if isinstance(error, WeldonError):
        return str(error), error.exit_code
    if isinstance(error, OSError):
        return system_sentence(error), DATA
    if isinstance(error, RuntimeError) and (ended := READER_ENDED.match(str(error))):
        return (
            f"a process that reads images was ended ({ended[1]}), as where memory runs out: "
            "use fewer --workers, or a smaller --batch-size"
        ), DATA
    if isinstance(error, MemoryError):
        return "not enough memory: use a smaller --batch-size or --image-size, or fewer --workers", DATA
    return _unforeseen(error), UNFORESEEN


def _unforeseen(error: Exception) -> str:
    """Write the traceback to a file and return the line that says where."""
    told = "".join(traceback.format_exception(error))
    reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    place = Path(tempfile.gettempdir()) / f"weldon-error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    try:
        place.write_text(f"{_circumstances()}\n{told}", encoding="utf-8", errors="backslashreplace")
    except OSError:
        return f"weldon did not foresee this ({reason}), and no file could take the details:\n{told}"
    return f"weldon did not foresee this: {reason}; please report it with the details in {place}"


def _circumstances() -> str:
    from importlib.metadata import version

    command = shlex.join(["weldon", *sys.argv[1:]])
    versions = ", ".join(f"{name} {version(name)}" for name in ("weldon", "torch", "pillow"))
    return (
        f"command: {command}\nversions: {versions}, python {platform.python_version()}, {platform.platform()}"
    )
