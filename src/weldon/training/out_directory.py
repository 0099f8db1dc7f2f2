"""Choose and guard the folder a run writes to: nothing the user had is overwritten."""

from __future__ import annotations

import os
import shutil
from itertools import count
from pathlib import Path

from weldon.errors import UsageError
from weldon.inference.run_directory import RunDirectory

CHOSEN = "WELDON_OUT"  # tells the folder to the processes that the first one starts
RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID")  # where torchrun, Lightning and SLURM write a process's number


def is_first_process() -> bool:
    """Say whether this process looks after the run's folder; of several, the others only compute."""
    stated = [os.environ[name] for name in RANKS if name in os.environ]
    return not stated or int(stated[0]) == 0


def open_out(out: Path | None, *, resume: bool, overwrite: bool) -> RunDirectory:
    """Return the run's folder; it is made only once there is something to write.

    Of several processes the first one decides; the others take its folder as it is.

    Args:
        out: the folder; None takes the first free of ``runs/train``, ``runs/train2``, ….
        resume: the folder must hold an interrupted run.
        overwrite: an existing run in the folder is removed; a folder that is no run is never touched.

    Raises:
        UsageError: the folder is not empty and neither flag allows it, or there is nothing to resume.
    """
    if not is_first_process():
        return RunDirectory(_chosen_by_the_first(out))
    run = RunDirectory(out if out is not None else first_free(Path("runs"), "train"))
    os.environ[CHOSEN] = str(run.path.absolute())
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


def _chosen_by_the_first(out: Path | None) -> Path:
    chosen = out or os.environ.get(CHOSEN)
    if chosen is None:
        raise UsageError("out must be given where torchrun or SLURM starts the processes: add --out")
    return Path(chosen)


def first_free(parent: Path, name: str) -> Path:
    """Return ``parent/name``, or ``name2``, ``name3``, … whichever does not exist yet."""
    return next(path for n in count(1) if not (path := parent / (name if n == 1 else f"{name}{n}")).exists())
