"""A child's end is seen as it was: status, words, a hang, a killing signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

# In a process of its own: pytest's has threads, and a fork of those is unsafe.
PROGRAM = """
import os, sys, time, pathlib
from stress import attempt as module
module.WALL_SECONDS = 0.5
def run(arguments):
    print("said", *arguments)
    if arguments[0] == "hang":
        time.sleep(60)
    if arguments[0] == "die":
        os.kill(os.getpid(), 11)
    if arguments[0] == "raise":
        raise ValueError("unseen")
    return int(arguments[0])
found = module.attempt([sys.argv[1]], pathlib.Path(sys.argv[2]), run)
print(found.status, found.out.split(), "Traceback" in found.err)
"""


def seen(folder, word):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", PROGRAM, word, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_status_and_the_words(tmp_path):
    assert seen(tmp_path, "2") == "2 ['said', '2'] False"


def test_a_hang_is_ended(tmp_path):
    assert seen(tmp_path, "hang").startswith("None")


def test_a_signal_is_a_negative_status(tmp_path):
    assert seen(tmp_path, "die").startswith(str(-signal.SIGSEGV))


def test_an_exception_leaves_a_traceback(tmp_path):
    assert seen(tmp_path, "raise") == "99 ['said', 'raise'] True"
