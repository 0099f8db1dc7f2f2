"""What TensorBoard's thread cannot write is said once, by the run, with its folder."""

from __future__ import annotations

import errno
import threading

import pytest

from weldon.runs.run_log import told_once


class Writer(threading.Thread):
    """A thread that fails as one whose disk is full."""

    def run(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


class TensorBoardWriter(Writer):
    """The same, of TensorBoard."""


TensorBoardWriter.__module__ = "tensorboard.summary.writer"


def heard(thread, folder, monkeypatch):
    """Return the errors that a thread prints."""
    printed = []
    monkeypatch.setattr(threading, "excepthook", lambda told: printed.append(told.exc_value))
    with told_once(folder):
        thread.start()
        thread.join()
    return printed


def test_tensorboards_thread_prints_nothing_and_others_do(tmp_path, monkeypatch):
    assert heard(TensorBoardWriter(), tmp_path, monkeypatch) == []
    assert len(heard(Writer(), tmp_path, monkeypatch)) == 1


def test_an_error_without_a_file_gets_the_folder(tmp_path):
    before = threading.excepthook
    with pytest.raises(OSError, match="No space") as failure, told_once(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert failure.value.filename == str(tmp_path)
    assert threading.excepthook is before


def test_an_error_with_a_file_keeps_it(tmp_path):
    with pytest.raises(OSError, match=r"a\.txt") as failure, told_once(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device", "a.txt")
    assert failure.value.filename == "a.txt"
