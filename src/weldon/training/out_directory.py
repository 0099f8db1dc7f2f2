"""Choose and guard the folder a run writes to: nothing the user had is overwritten."""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path

from weldon.errors import UsageError
from weldon.inference.run_directory import RunDirectory


def open_out(out: Path | None, *, resume: bool, overwrite: bool) -> RunDirectory:
    """Return the run's folder; it is made only once there is something to write.

    Args:
        out: the folder; None takes the first free of ``runs/train``, ``runs/train2``, ….
        resume: the folder must hold an interrupted run.
        overwrite: an existing run in the folder is removed; a folder that is no run is never touched.

    Raises:
        UsageError: the folder is not empty and neither flag allows it, or there is nothing to resume.
    """
    run = RunDirectory(out if out is not None else first_free(Path("runs"), "train"))
    if resume:
        if out is None or not run.last.is_file():
            raise UsageError(
                f"resume needs --out to be an interrupted run, got {str(out)!r}: no weights/last.ckpt there"
            )
        return run
    if run.path.is_dir() and any(run.path.iterdir()):
        if not overwrite:
            raise UsageError(
                f"out {str(run.path)!r} is not empty: choose another, or use --resume or --overwrite"
            )
        if not (run.config.is_file() or run.log.is_file()):
            raise UsageError(
                f"out {str(run.path)!r} is not a run of weldon; it is not overwritten, choose another"
            )
        shutil.rmtree(run.path)
    return run


def first_free(parent: Path, name: str) -> Path:
    """Return ``parent/name``, or ``name2``, ``name3``, … whichever does not exist yet."""
    return next(path for n in count(1) if not (path := parent / (name if n == 1 else f"{name}{n}")).exists())
