"""Choose the folder that a run is written to, and keep other processes and older runs in it safe."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from weldon.errors import UsageError
from weldon.files import clear_drafts, write_text
from weldon.folder_lock import LOCK, locked
from weldon.runs.replacement import give_place, home_of, replacement_of, sweep
from weldon.runs.run_contents import REPLACES, is_free, is_run, strangers
from weldon.runs.run_directory import RunDirectory

log = logging.getLogger("weldon")

CHOSEN = "WELDON_OUT"  # tells the folder to the processes that the first one starts
RANK = "RANK"  # where torchrun writes a process's number among all
# Where it stands else: of a process on its machine, of the machine (both Lightning's), of a task of SLURM.
PARTS_OF_RANK = ("LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID")


def is_first_process() -> bool:
    """Say whether this process looks after the run's folder; of several, the others only compute."""
    names = (RANK,) if RANK in os.environ else PARTS_OF_RANK
    return all(int(os.environ.get(name, "0")) == 0 for name in names)


@dataclass
class Claim:
    """A folder that belongs to this process until the run ends.

    Args:
        run: where the run is written.
        home: where it stands in the end; another folder while it replaces a run.
        resume: whether it goes on with what is in ``run``.
        held: the locks.
    """

    run: RunDirectory
    home: RunDirectory
    resume: bool = False
    held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def replaces(self) -> bool:
        """Whether an older run stands in ``home`` until this one is finished."""
        return self.run.path != self.home.path

    def begin(self) -> None:
        """Make the folder ready, once everything about the run is known to be good."""
        path = self.run.path
        if self.replaces and not self.resume:
            path.mkdir(exist_ok=True)
            self.held.enter_context(locked(path))
            write_text(path / REPLACES, self.home.path.name)
        if not self.resume:
            _clear(path)
        for folder in (path, self.run.best.parent):
            folder.mkdir(exist_ok=True)
            clear_drafts(folder)

    def put_in_place(self) -> None:
        """Let a finished run take the place of the one it replaces."""
        if self.replaces:
            give_place(self.run.path, self.home.path)

    def how_to_go_on(self) -> str:
        """Say what a stopped run leaves and what command goes on with it."""
        stands = f"the old run in {self.home.path} stands as it was; " if self.replaces else ""
        again = f"--resume --out {self.home.path}" + (" --overwrite" if self.replaces else "")
        if not self.run.last.is_file():
            return f"{stands}no epoch was whole, so there is nothing to resume: the same command begins anew"
        return f"{stands}whole epochs are kept: the same command with {again} goes on"


@contextlib.contextmanager
def claimed(out: Path | None, *, resume: bool, overwrite: bool) -> Iterator[Claim]:
    """Hold the folder of a run: at the end of the block other processes may have it.

    Of several processes of one run the first one decides; the others take its folder as it is. A folder that
    is made here and in which no run begins is removed again.

    Args:
        out: the folder; None takes the first free of ``runs/train``, ``runs/train2``, ….
        resume: the folder must hold an interrupted run; one of which no epoch was whole begins anew.
        overwrite: a run in the folder is replaced once the new one is finished; a folder that is no run is
            never touched. With ``resume``: go on with an interrupted replacement.

    Raises:
        UsageError: the folder is not empty and neither flag allows it, there is nothing to resume, or another
            process is training there.
    """
    if not is_first_process():
        chosen = RunDirectory(_chosen_by_the_first(out, replaced=resume and overwrite))
        yield Claim(chosen, chosen, resume=resume)
        return
    with contextlib.ExitStack() as held:
        claim = _to_resume(out, overwrite, held) if resume else _to_begin(out, overwrite, held)
        with _told_to_the_others(claim.run.path):
            yield claim


def _to_resume(out: Path | None, overwrite: bool, held: contextlib.ExitStack) -> Claim:
    run = RunDirectory(Path() if out is None else replacement_of(out) if overwrite else out)
    if out is not None and not overwrite and (out / LOCK).is_file() and is_free(out, marked=True):
        held.enter_context(locked(out))
        log.info("no epoch of the run in %s was whole: it begins anew", out)
        return Claim(run, run, held=held)
    if out is None or not run.last.is_file():
        if out is None:
            raise UsageError("resume needs --out RUN, the folder of the interrupted run")
        raise UsageError(
            f"resume needs --out to be an interrupted run, got {str(out)!r}: "
            f"no weights/last.ckpt{_hint(out, run.path, overwrite)}"
        )
    home = RunDirectory(out if overwrite else home_of(out))
    for path in {run.path, home.path}:
        if path.is_dir():
            held.enter_context(locked(path))
    if run.path == home.path:
        (run.path / REPLACES).unlink(missing_ok=True)  # it has taken its place
    sweep(home.path, keep=run.path)
    return Claim(run, home, resume=True, held=held)


def _hint(out: Path | None, run: Path, overwrite: bool) -> str:
    if overwrite and out is not None:
        return f" in {run}, where its replacement grew; leave out --resume to begin the replacement"
    if out is not None and out.is_dir() and is_free(out):
        return " there, nothing was learnt yet: leave out --resume"
    return " there"


def _to_begin(out: Path | None, overwrite: bool, held: contextlib.ExitStack) -> Claim:
    home, made = _made_free() if out is None else (out, _made(out))
    run, marked = RunDirectory(home), (home / LOCK).exists()
    held.enter_context(locked(home))
    if is_free(home, marked=marked):
        held.callback(_remove_unbegun, run, made, marked)
        return Claim(run, run, held=held)
    if not marked:  # a refusal leaves everything as it was
        held.callback((home / LOCK).unlink, missing_ok=True)
    if not overwrite:
        raise UsageError(f"out {str(home)!r} is not empty: choose another, or use --resume or --overwrite")
    _refuse_to_replace(home, marked)
    sweep(home)
    return Claim(RunDirectory(replacement_of(home)), run, held=held)


def _refuse_to_replace(path: Path, marked: bool) -> None:
    """Refuse what is no run, holds something else besides, or cannot be swapped."""
    if not is_run(path, marked=marked):
        raise UsageError(
            f"out {str(path)!r} is not a run of weldon, or not only: it is not overwritten; choose "
            f"another, or move away what weldon did not write: {', '.join(strangers(path)) or 'config.toml'}"
        )
    real = Path(os.path.realpath(path))
    if os.stat(real).st_dev != os.stat(real.parent).st_dev:
        raise UsageError(
            f"out {str(path)!r} is a disk of its own, where no run can be replaced: choose a folder in it"
        )
    if strange := strangers(replacement_of(path)):
        raise UsageError(
            f"{replacement_of(path)} is where the new run would grow, and it holds {', '.join(strange)}: "
            "move that away"
        )


def _made_free() -> tuple[Path, list[Path]]:
    """Make the first free of ``runs/train``, ``runs/train2``, …; of two processes each gets its own."""
    while True:
        path = first_free(Path("runs"), "train")
        if made := _made(path):
            return path, made


def _made(path: Path) -> list[Path]:
    """Make a folder; return what was missing, the folder itself and those above, if it was."""
    missing = [parent for parent in path.parents if not parent.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir()
    except FileExistsError:
        if not path.is_dir():
            raise UsageError(f"out must be a folder, got the file {str(path)!r}") from None
        return []
    return [path, *missing]


def _remove_unbegun(run: RunDirectory, made: list[Path], marked: bool) -> None:
    """Leave no trace of a run that never began; what was said is on the screen."""
    if marked or not {path.name for path in run.path.iterdir()} <= {LOCK, run.log.name}:
        return
    for path in (run.log, run.path / LOCK):
        path.unlink(missing_ok=True)
    for path in made:
        with contextlib.suppress(OSError):  # something else is in it
            path.rmdir()


def _clear(path: Path) -> None:
    """Remove what is left of a run that had learnt nothing yet, or of an earlier replacement."""
    kept = {LOCK, REPLACES, RunDirectory(path).log.name}
    RunDirectory(path).last.unlink(missing_ok=True)  # first, so that what is half removed is not resumed
    for entry in path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name not in kept:
            entry.unlink()


@contextlib.contextmanager
def _told_to_the_others(path: Path) -> Iterator[None]:
    before = os.environ.get(CHOSEN)
    os.environ[CHOSEN] = str(path.absolute())
    try:
        yield
    finally:
        os.environ.pop(CHOSEN)
        if before is not None:
            os.environ[CHOSEN] = before


def _chosen_by_the_first(out: Path | None, *, replaced: bool) -> Path:
    """Return what the first process said; processes of a launcher can only tell from the command."""
    if told := os.environ.get(CHOSEN):
        return Path(told)
    if out is None:
        raise UsageError("out must be given where torchrun or SLURM starts the processes: add --out")
    return replacement_of(out) if replaced else out


def first_free(parent: Path, name: str) -> Path:
    """Return ``parent/name``, or ``name2``, ``name3``, … whichever does not exist yet."""
    return next(path for n in count(1) if not (path := parent / (name if n == 1 else f"{name}{n}")).exists())


def make_free(parent: Path, name: str) -> Path:
    """Make ``parent/name``, or ``name2``, …, and return it; of two processes each gets its own."""
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        path = first_free(parent, name)
        with contextlib.suppress(FileExistsError):  # another process was faster
            path.mkdir()
            return path


def table_path(out: Path | None, name: str, *, overwrite: bool, beside: str | None = None) -> Path:
    """Return the CSV file to write: ``out``, or the first free of ``runs/NAME.csv``, ``runs/NAME2.csv``, ….

    Args:
        out: as the user says, or None.
        name: of the command.
        overwrite: replace a file that is there.
        beside: the ending of another file that is written beside it, under the same name.

    Raises:
        UsageError: it does not end in ``.csv``, or it, or the file beside it, is there already.
    """
    if out is None:
        names = (Path("runs") / f"{name}{'' if n == 1 else n}.csv" for n in count(1))
        return next(path for path in names if not any(file.exists() for file in _both(path, beside)))
    if out.suffix.lower() != ".csv":
        raise UsageError(f"out must end in .csv, got {str(out)!r}")
    taken = [file for file in _both(out, beside) if file.exists()]
    if taken and not overwrite:
        raise UsageError(f"out {str(taken[0])!r} exists: choose another with --out, or use --overwrite")
    return out


def _both(path: Path, beside: str | None) -> list[Path]:
    return [path] if beside is None else [path, path.with_suffix(beside)]
