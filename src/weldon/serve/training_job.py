"""One training beside the page: a process of its own that outlives a killed server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from weldon.data.corrections import read_corrections
from weldon.errors import UsageError
from weldon.files import write_text
from weldon.runs.claim import first_free
from weldon.runs.recipe_file import build_recipe, write_recipe
from weldon.runs.run_directory import RunDirectory
from weldon.serve.label_book import LabelBook, label_table

COMMAND = (sys.executable, "-c", "from weldon.cli import main; main()", "train")
SHOWN = 60  # lines of what it says
MOST_READ = 1 << 16  # bytes of its last words
PATIENCE = 20.0  # seconds until a training that was told to end is ended
OWN_TABLE = {
    "dataset": None,
    "sheet": None,
    "label_sep": None,
    "minus_one": None,
    "val": None,
    "group_col": None,
}
_EPOCH = re.compile(r"^epoch (\d+)/(\d+)\b", re.MULTILINE)

IDLE, RUNNING, DONE, STOPPED, BROKEN = "idle", "running", "done", "stopped", "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is.

    Args:
        state: ``idle``, ``running``, ``done``, ``stopped`` or ``failed``.
        out: the folder of the new run, None before the first training.
        epoch: epochs that are over.
        epochs: in all; 0 until it is known.
        seconds: since it began, or what it took.
        lines: the last lines that it said.
    """

    state: str
    out: Path | None = None
    epoch: int = 0
    epochs: int = 0
    seconds: float = 0.0
    lines: tuple[str, ...] = ()


class TrainingJob:
    """At most one training at a time."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._told: IO[bytes] | None = None
        self._out: Path | None = None
        self._begun = 0.0
        self._ended: float | None = None
        self._stopped = False

    def start(self, run: RunDirectory, book: LabelBook) -> Path:
        """Train ``run`` again with corrections, in the next free folder beside it, and return that folder.

        Args:
            run: the run whose recipe is followed.
            book: the labels as corrected.

        Raises:
            UsageError: a training is under way, or there is nothing to learn anew.
        """
        if not has_news(run, book):
            name = run.path.resolve().name
            raise UsageError(
                f"there is nothing to learn anew: every label is as {name} learnt it. Answer a question "
                "under Review first; after changes in your own table, use `weldon train`"
            )
        with self._turn:
            if self._running():
                raise UsageError(f"a training is under way, in {self._out}: wait for it or stop it")
            out = next_folder(run.path.resolve())
            self._told = tempfile.TemporaryFile(prefix="weldon-training-")  # noqa: SIM115
            self._process = subprocess.Popen(
                command(with_joined(run, book, out), book.path, out),
                stdin=subprocess.DEVNULL,
                stdout=self._told,
                stderr=self._told,
                start_new_session=True,  # Ctrl-C at the server's terminal is not meant for it
                env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
            )
            self._out, self._stopped = out, False
            self._begun, self._ended = time.monotonic(), None
            return out

    def stop(self) -> None:
        """Tell the training to end after what it is doing, and end it where it does not."""
        with self._turn:
            process = self._process
            if process is None or process.poll() is not None:
                return
            self._stopped = True
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def progress(self) -> Progress:
        """Return how far it is."""
        with self._turn:
            if self._process is None or self._told is None:
                return Progress(IDLE)
            running = self._running()
            if not running and self._ended is None:
                self._ended = time.monotonic()
            words = _last_words(self._told)
            found = _EPOCH.findall(words)
            epoch, epochs = map(int, found[-1]) if found else (0, 0)
            seconds = (time.monotonic() if self._ended is None else self._ended) - self._begun
            lines = [line for line in words.splitlines() if line.strip()]
            return Progress(self._state(), self._out, epoch, epochs, seconds, tuple(lines[-SHOWN:]))

    def _running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _state(self) -> str:
        assert self._process is not None
        status = self._process.poll()
        if status is None:
            return RUNNING
        return DONE if status == 0 else STOPPED if self._stopped else BROKEN


def has_news(run: RunDirectory, book: LabelBook) -> bool:
    """Return whether the corrections make other labels than those that the run learnt.

    Answers that only confirm, that were taken back, or that the run learnt already, are no news.
    """
    learnt = read_corrections(run.corrections_used) if run.corrections_used.is_file() else ()
    known = [row for row in learnt if row.file_name in book.images.numbers]
    return len(known) < len(learnt) or book.changed() != book.changed(known)


def command(config: Path, corrections: Path, out: Path) -> Sequence[str]:
    """Return the command line that trains a recipe again, with corrections where there are some."""
    data = build_recipe({}, config).data
    options = {"--config": config.resolve(), "--out": out}
    if corrections.is_file():
        options["--corrections"] = corrections.resolve()
    return [*COMMAND, str(data), *(str(part) for pair in options.items() for part in pair)]


def with_joined(run: RunDirectory, book: LabelBook, out: Path) -> Path:
    """Return the recipe to follow: the run's own, or one whose table has the pictures that joined as well.

    The user's table is not touched: the longer one, ``OUT.labels.csv``, and its recipe stand beside the run.

    Raises:
        UsageError: pictures joined, and those of the table cannot be named below the data.
    """
    if not book.joined.is_file():
        return run.config
    recipe = run.recipe
    own = book.images.records[: book.images.labelled]
    lost = [record.file_name for record in own if not (recipe.data / record.file_name).is_file()]
    if lost:
        raise UsageError(
            f"pictures joined, and {len(lost)} of the table are not named below {recipe.data}, {lost[0]!r} "
            "for one: take the corrected table away, and train from it"
        )
    table = out.with_name(f"{out.name}.labels.csv")
    write_text(table, label_table(book, corrected=False))
    config = out.with_name(f"{out.name}.recipe.toml")
    write_recipe(config, recipe.model_copy(update={**OWN_TABLE, "labels": table}))
    return config


def next_folder(run: Path) -> Path:
    """Return where the next run goes: beside the run, under its name with the next free number.

    Example:
        >>> next_folder(Path("runs/nothing-here2")).name
        'nothing-here'
    """
    stem = re.sub(r"\d+$", "", run.name) or run.name
    return first_free(run.parent, stem)


def _last_words(told: IO[bytes]) -> str:
    """Return the end of what a process said; a progress bar is one line, as it is now."""
    size = os.fstat(told.fileno()).st_size
    text = os.pread(told.fileno(), MOST_READ, max(0, size - MOST_READ)).decode(errors="replace")
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))
