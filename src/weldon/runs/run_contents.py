"""Tell whether a folder holds a run, what is left of one, or files of the user's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from weldon.folder_lock import LOCK
from weldon.runs.run_directory import RunDirectory

REPLACES = ".replaces"  # in a run that will take the place of another: the name of that folder
_A_RUN = RunDirectory(Path())
_BEGUN = (_A_RUN.config, _A_RUN.classes, _A_RUN.splits, _A_RUN.corrections_used, _A_RUN.search, _A_RUN.log)
_LOGS = ("tensorboard", "csv", "wandb")  # of the loggers
_BEFORE_TRAINING = {LOCK, REPLACES, *_LOGS, *(path.name for path in _BEGUN)}
_RUN = {*_BEFORE_TRAINING, "export", *(path.parts[0] for path in _A_RUN.parts)}
_WEIGHTS = {_A_RUN.best.name, _A_RUN.last.name, _A_RUN.refit.name}
_SYSTEM = {".DS_Store", "Thumbs.db", "desktop.ini"}  # file browsers write these anywhere
_DRAFT = re.compile(r"\..+\.\d+\.part|metrics\.part|.+\.partial")


def strangers(folder: Path) -> list[str]:
    """Return the names in ``folder`` that no command of weldon writes into a run."""
    weights = RunDirectory(folder).best.parent
    return [*_unknown(folder, _RUN), *(f"{weights.name}/{name}" for name in _unknown(weights, _WEIGHTS))]


def is_run(folder: Path, *, marked: bool = False) -> bool:
    """Say whether ``folder`` holds what weldon wrote and nothing else, however little of a run it is.

    A lone ``config.toml`` is none: people keep files of that name.

    Args:
        folder: any folder.
        marked: whether a lock was found in it, before this process put its own there.
    """
    run = RunDirectory(folder)
    ours = marked or run.best.parent.exists() or run.log.exists() or not holds_files(folder)
    return ours and not strangers(folder)


def is_free(folder: Path, *, marked: bool = False) -> bool:
    """Say whether a run can start in ``folder``: empty, or only what a run writes before an epoch is whole.

    In its first epoch a run writes its best weights and a row of figures before the checkpoint from which it
    could go on. A folder without its lock keeps them: somebody may have carried them there.
    """
    run = RunDirectory(folder)
    first_epoch = marked and _epochs(run.metrics) <= 1
    allowed = _BEFORE_TRAINING | {run.best.parent.name} | ({run.metrics.name} if first_epoch else set())
    worthless = {run.best.name} if first_epoch else set()
    return (
        not any(_unknown(folder, allowed))
        and not any(_unknown(run.best.parent, worthless))
        and is_run(folder, marked=marked)
    )


def _epochs(metrics: Path) -> int:
    return max(0, metrics.read_bytes().count(b"\n") - 1) if metrics.is_file() else 0


def holds_files(folder: Path) -> bool:
    """Say whether there is any file in ``folder``, at any depth, but a lock."""
    return any(path.is_file() or path.is_symlink() for path in folder.rglob("*") if path.name != LOCK)


def _unknown(folder: Path, known: set[str]) -> Iterator[str]:
    return (name for name in _names(folder) if not (name in known or _drafted(name)))


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _drafted(name: str) -> bool:
    return name in _SYSTEM or _DRAFT.fullmatch(name) is not None
