"""A folder has one process at a time, and a kill frees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from weldon.errors import UsageError
from weldon.folder_lock import LOCK, locked, numbered_locks

HOLDER = """
import sys, time, multiprocessing
from pathlib import Path
from weldon.folder_lock import locked
with locked(Path(sys.argv[1])):
    worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(30,))
    worker.start()
    print(worker.pid, flush=True)
    time.sleep(30)
"""


def test_a_folder_is_held_once_in_one_process_and_again_afterwards(tmp_path):
    for _ in range(2):
        with locked(tmp_path), pytest.raises(UsageError, match="another process"), locked(tmp_path):
            pass
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_another_process_is_refused_until_a_kill_though_its_workers_live_on(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        worker = int(holder.stdout.readline())
        with pytest.raises(UsageError, match="another process"), locked(tmp_path):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        try:
            with locked(tmp_path):
                os.kill(worker, 0)  # still there
        finally:
            os.kill(worker, signal.SIGKILL)


def test_the_lock_follows_a_folder_that_is_renamed(tmp_path):
    (tmp_path / "a").mkdir()
    with locked(tmp_path / "a"):
        (tmp_path / "a").rename(tmp_path / "b")
        with pytest.raises(UsageError), locked(tmp_path / "b"):
            pass


def test_a_missing_folder_is_not_made(tmp_path):
    with pytest.raises(FileNotFoundError), locked(tmp_path / "a"):
        pass


NUMBERED = """
import sys, time
from pathlib import Path
from weldon.folder_lock import numbered_locks
with numbered_locks(Path(sys.argv[1])) as locks, locks.held(3) as mine:
    print(mine, flush=True)
    time.sleep(30)
"""


def test_a_number_is_held_by_one_process_until_it_is_killed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", NUMBERED, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout.readline() == b"True\n"
            with numbered_locks(tmp_path) as locks:
                with locks.held(3) as mine, locks.held(4) as other:
                    assert (mine, other) == (False, True)
                holder.kill()
                with locks.held(3, wait=True) as mine:
                    assert mine
        finally:
            holder.kill()


def test_a_number_that_was_let_go_can_be_held_again(tmp_path):
    with numbered_locks(tmp_path) as locks:
        for _ in range(2):
            with locks.held(0) as mine:
                assert mine


def test_one_process_works_once_in_a_folder(tmp_path):
    with numbered_locks(tmp_path), pytest.raises(UsageError, match="already"), numbered_locks(tmp_path):
        pass
