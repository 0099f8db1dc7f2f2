"""Every command ends with a status that scripts can read and a sentence that people can."""

from __future__ import annotations

import errno
import re
import signal
import sys
from pathlib import Path

import pytest

from weldon.cli.leaving import run_command
from weldon.errors import DataError, UsageError
from weldon.stopping import Stopped

FAILURES = [
    (DataError("labels.csv row 2: odd"), 1, "labels.csv row 2: odd"),
    (UsageError("k must be …"), 2, "k must be …"),
    (
        OSError(errno.ENOSPC, "No space left on device", "runs/a/metrics.csv"),
        1,
        "runs/a/metrics.csv: no room left",
    ),
    (PermissionError(errno.EACCES, "Permission denied", b"a.jpg"), 1, "a.jpg: no permission"),
    (MemoryError(), 1, "not enough memory"),
    (KeyboardInterrupt(), 130, "stopped by the keyboard"),
    (Stopped(signal.SIGTERM), 143, "told to end (SIGTERM)"),
    (Stopped(signal.SIGINT, "stopped; do this"), 130, "stopped; do this"),
]


def _fail(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(("error", "status", "said"), FAILURES, ids=lambda value: type(value).__name__)
def test_a_failure_is_a_sentence_and_a_status(error, status, said, capsys):
    assert run_command(_fail(error)) == status
    printed = capsys.readouterr().err
    assert said in printed
    assert "Traceback" not in printed


def test_what_nobody_foresaw_is_one_line_and_a_file(capsys):
    assert run_command(_fail(ZeroDivisionError("division by zero"))) == 70
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    place = Path(re.search(r"details in (\S+)", printed)[1])
    kept = place.read_text()
    place.unlink()
    assert "Traceback" in kept
    assert "command: weldon" in kept


def test_success_is_zero():
    assert run_command(lambda: None) == 0


class Readers:
    """Processes that read images, as a loop holds them: they were ended by the same signal."""

    def __del__(self):
        raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Terminated. ")


@pytest.mark.parametrize("stopped", [Stopped(signal.SIGTERM), KeyboardInterrupt()])
def test_what_a_stopped_command_held_does_not_complain(capsys, monkeypatch, stopped):
    complained = []
    monkeypatch.setattr(sys, "unraisablehook", complained.append)

    def command():
        readers = Readers()  # noqa: F841 as the local of a frame of the traceback
        raise stopped

    assert run_command(command) in (130, 143)
    stopped.__traceback__ = None
    assert complained == []


def test_what_is_let_go_while_the_command_unwinds_does_not_complain_either(capsys, monkeypatch):
    complained = []
    monkeypatch.setattr(sys, "unraisablehook", complained.append)

    def pictures():
        readers = Readers()  # noqa: F841 of a loop: it is closed before the end of the command sees the signal
        yield 1

    def command():
        for _ in pictures():
            raise KeyboardInterrupt

    assert run_command(command) == 130
    assert complained == []


class Other:
    def __del__(self):
        raise ValueError("something else")


def test_other_complaints_are_still_heard(capsys, monkeypatch):
    complained = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: complained.append(str(told.exc_value)))
    assert run_command(lambda: Other() and None) == 0
    assert complained == ["something else"]


def test_readers_that_end_by_themselves_are_told_with_what_to_do(capsys):
    def command():
        raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. ")

    assert run_command(command) == 1
    assert "use fewer --workers" in capsys.readouterr().err
