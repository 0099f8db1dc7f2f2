"""A run that replaces another grows in a hidden folder beside it, and takes its place at the end."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import shutil
from pathlib import Path

from weldon.files import read_text
from weldon.runs.run_contents import REPLACES, is_run

log = logging.getLogger("weldon")

_AT_CWD, _EXCHANGE = -100, 2  # of Linux: paths are relative to the working folder; two names change places


def replacement_of(home: Path) -> Path:
    """Return where the run that replaces the one in ``home`` grows.

    Example:
        >>> replacement_of(Path("/data/runs/a")).as_posix()
        '/data/runs/.a.new'
    """
    return _beside(home, "new")


def home_of(run: Path) -> Path:
    """Return the folder that the run in ``run`` is to take over, its own where it replaces none."""
    marker = run / REPLACES
    name = Path(read_text(marker)).name if marker.is_file() else ""
    home = run.with_name(name) if name else run
    return home if replacement_of(home).name == run.name else run


def give_place(new: Path, home: Path) -> None:
    """Put the finished run in ``new`` in the place of the one in ``home``, and remove that one.

    A kill at any moment leaves the old or the new run in ``home``; what is left over is swept later.
    """
    home = Path(os.path.realpath(home))
    if not home.exists():
        os.rename(new, home)
        (home / REPLACES).unlink()
        return
    _exchange(new, home)
    (home / REPLACES).unlink()
    _discard(new, home)


def sweep(home: Path, keep: Path | None = None) -> None:
    """Remove what a killed process left of a run that was replaced; an unfinished replacement stays."""
    left = _beside(home, "old")
    if home.exists() and is_run(left):
        shutil.rmtree(left, ignore_errors=True)
    new = replacement_of(home)
    if home.exists() and new not in (keep, home) and not (new / REPLACES).exists() and is_run(new):
        _discard(new, home)


def _discard(old: Path, home: Path) -> None:
    """Remove a run that was replaced; first it loses the name under which it could be taken for a new one."""
    aside = _beside(home, "old")
    shutil.rmtree(aside, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.rename(old, aside)
        shutil.rmtree(aside, ignore_errors=True)
    if aside.exists() or old.exists():
        log.warning("the old run could not be removed: %s", aside if aside.exists() else old)


def _exchange(new: Path, home: Path) -> None:
    """Let two folders change places, in one move where the system has one."""
    try:
        move = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        move = None
    if move is None or move(_AT_CWD, os.fsencode(new), _AT_CWD, os.fsencode(home), _EXCHANGE) != 0:
        aside = _beside(home, "old")
        os.rename(home, aside)
        os.rename(new, home)
        os.rename(aside, new)


def _beside(home: Path, suffix: str) -> Path:
    real = Path(os.path.realpath(home))
    return real.with_name(f".{real.name}.{suffix}")
