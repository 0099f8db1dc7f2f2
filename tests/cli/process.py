"""The command line in a process of its own, to be stopped or killed: forked from one that imported all."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from fixtures.forks import FORKS

TRAIN = ["train", "scenes", "--labels", "scenes/labels.csv", "--model", "test_resnet", "--weights", "none"]
TRAIN += ["--image-size", "64", "-b", "4", "-j", "0", "--device", "cpu", "--epochs", "3"]


def few_scenes(folder):
    """Write the scenes that ``TRAIN`` learns from: three steps an epoch."""
    from weldon.data.scenes import make_scenes, write_scenes

    splits = {"train": 12, "val": 8}
    write_scenes(folder / "scenes", {name: make_scenes(n, split=name, seed=0) for name, n in splits.items()})


def start(folder, *arguments, before=None):
    """Begin ``weldon ARGUMENTS`` in ``folder``.

    The process takes ``before`` by name: it must stand in this file, for it finds no ``tests.cli.test_…``.

    Args:
        folder: where it runs; what it prints goes to a file in it.
        arguments: of the command line.
        before: a function that is called first, and its arguments.
    """
    said = Path(folder) / f"said{time.monotonic_ns()}.txt"
    process = FORKS.Process(target=_main, args=(str(folder), said, [str(a) for a in arguments], before))
    process.start()
    process.said = said
    return process


def finish(process, seconds=120):
    """Wait for it; return its exit status (negative: the signal that killed it) and what it printed."""
    process.join(seconds)
    if process.exitcode is None:
        process.kill()  # else the tests would wait for it when they end
        raise AssertionError(f"still running: {process.said.read_text()}")
    said = process.said.read_text()
    process.said.unlink()
    return SimpleNamespace(code=process.exitcode, said=said)


def run(folder, *arguments, before=None):
    """Start it and wait for it."""
    return finish(start(folder, *arguments, before=before))


def run_ranks(folder, *arguments, processes=2):
    """Run a command with ``--nodes`` in as many processes, which find each other as machines do."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = str(listener.getsockname()[1])
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    started = [
        start(folder, *arguments, before=(set_environment, {**place, "NODE_RANK": str(number)}))
        for number in range(processes)
    ]
    try:
        return [finish(process) for process in started]
    finally:
        for process in started:
            process.kill()


def _main(folder, said, arguments, before):
    os.chdir(folder)
    file = os.open(said, os.O_WRONLY | os.O_CREAT)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(file, stream.fileno())
    from weldon.cli import main

    if before is not None:
        function, *values = before
        function(*values)
    main(arguments)


def set_environment(values):
    """Set variables of this process."""
    os.environ.update(values)


def signal_at(moment, number):
    """Send a signal to this process at a moment of training."""
    at(moment, send, number)


def send(number):
    """Send a signal to this process, and wait for what comes of it."""
    os.kill(os.getpid(), number)
    time.sleep(30)


def at(moment, function, *values):
    """Call a function at a moment of training."""
    from weldon.training import fit, write_run
    from weldon.training.callbacks import MetricsTable
    from weldon.training.module import TrainingModule

    def second_epoch(module, batch, index):
        return module.trainer.current_epoch == 1 and index == 1

    place, name, when = {
        "labels": (fit, "prepare", None),
        "start": (write_run, "write_splits", None),
        "step": (TrainingModule, "training_step", second_epoch),
        "epoch": (MetricsTable, "on_train_epoch_end", lambda _, trainer, module: trainer.current_epoch == 1),
        "evaluation": (write_run, "score_set", None),
    }[moment]
    original = getattr(place, name)

    def interrupted(*arguments, **options):
        if when is None or when(*arguments):
            function(*values)
        return original(*arguments, **options)

    setattr(place, name, interrupted)


def signal_in_predict(number):
    """Send a signal to this process when ``predict`` looks for the run's recipe."""
    import weldon.runs.claim  # noqa: F401 it asks for the names of files when it is imported
    from weldon.runs.run_directory import RunDirectory

    RunDirectory.config = property(lambda _: send(number))


def fill(disk, leave):
    """Take all the room there is on a disk but ``leave`` bytes."""
    with (Path(disk) / "filler").open("wb") as file:
        room = os.statvfs(disk)
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - leave)


def kill_in_part(number, moment, with_signal=signal.SIGKILL):
    """Kill this process at a part of ``predict --to parquet``: before, while or after it is written."""
    from weldon.inference import parts

    original = parts.write_part

    def write(path, rows, schema, key):
        here = path.name == f"part-{number:06d}.parquet"
        if here and moment == "before":
            send(with_signal)
        if here and moment == "while":
            rows = _rows_that_end(rows, with_signal)
        original(path, rows, schema, key)
        if here and moment == "after":
            send(with_signal)

    parts.write_part = write


def _rows_that_end(rows, number):
    """Let pyarrow's writer, with the draft open, be the place of the signal."""
    import pyarrow.parquet as pq

    def half(table, draft, **options):
        Path(draft).write_bytes(b"PAR1 and no more")
        send(number)

    pq.write_table = half
    return rows


def stand_still_in_part(number):
    """Wait at a part of ``predict --to parquet``, and say so by a file in the folder."""
    from weldon.inference import parts

    original = parts.write_part

    def write(path, rows, schema, key):
        if path.name == f"part-{number:06d}.parquet":
            (path.parents[1] / "standing").touch()
            time.sleep(60)
        original(path, rows, schema, key)

    parts.write_part = write
