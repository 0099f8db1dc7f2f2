"""A signal becomes an exception with a status, and only where nobody else handles it."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from torch.utils.data import DataLoader, Dataset

import weldon
from weldon.stopping import Stopped, broken_off_by, leave_if_told, leave_to_parent, stop, stoppable

SOURCE = Path(weldon.__file__).parent


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_block_with_its_status(number, status):
    before = signal.getsignal(number)
    with pytest.raises(Stopped) as stopped, stoppable(number):
        signal.raise_signal(number)
    assert (stopped.value.code, stopped.value.number) == (status, number)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("theirs", [signal.SIG_IGN, lambda *_: None])
def test_a_signal_that_somebody_handles_or_ignores_is_left_alone(theirs):
    before = signal.signal(signal.SIGINT, theirs)
    try:
        with stoppable(signal.SIGINT):
            assert signal.getsignal(signal.SIGINT) is theirs
        assert signal.getsignal(signal.SIGINT) is theirs
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_thread_leaves_signals_to_the_main_one():
    seen = []

    def look():
        with stoppable(signal.SIGTERM):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen != [stop]


def test_work_leaves_only_where_it_is_told_to():
    told = threading.Event()
    told.set()
    leave_if_told()  # nobody can tell this thread
    with pytest.raises(Stopped), broken_off_by(told):
        leave_if_told()
    with broken_off_by(threading.Event()):
        leave_if_told()
    leave_if_told()


def test_uncaught_it_ends_the_program_as_shells_expect():
    program = "import signal; from weldon.stopping import Stopped; raise Stopped(signal.SIGTERM)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (143, b"")


class Handlers(Dataset):
    """What the process that reads does on Ctrl-C."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_a_process_that_reads_leaves_ctrl_c_to_its_parent():
    with stoppable(signal.SIGINT):
        (ignored,) = DataLoader(Handlers(), 1, num_workers=1, worker_init_fn=leave_to_parent)
    assert ignored.item()
    assert signal.getsignal(signal.SIGINT) != signal.SIG_IGN


def test_every_loader_with_processes_of_its_own_leaves_ctrl_c_to_the_parent():
    calls = [
        (path.name, {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords})
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and "DataLoader" in ast.unparse(node.func)
    ]
    reading = [(name, given) for name, given in calls if "num_workers" in given]
    assert len(reading) >= 5
    assert [name for name, given in reading if given.get("worker_init_fn") != "leave_to_parent"] == []
