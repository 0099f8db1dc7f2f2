"""How long the command line takes to answer, beside an empty program and one that imports torch.

python -m compileall -q src; python benchmarks/startup.py      # about a minute, nothing else running
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from provenance import write_results

RUN = "import sys; from weldon.cli import main; main(sys.argv[1:])"
COMMANDS = {
    "weldon --help": ["--help"],
    "weldon --version": ["--version"],
    "weldon train --help": ["train", "--help"],
    "an error of usage": ["train", "photos", "--epoch", "3"],
    "shell completion": ["--show-completion", "bash"],
    "weldon check of 20 pictures": ["check", "{photos}", "--labels", "{photos}/labels.csv"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as photos:
        write_photos(Path(photos))
        programs = {"python -c pass": ["-c", "pass"], "python -c 'import torch'": ["-c", "import torch"]}
        for name, words in COMMANDS.items():
            programs[name] = ["-c", RUN, *(word.format(photos=photos) for word in words)]
        taken = measure(programs, options.rounds)
    empty, torch = (statistics.median(cpu for _, cpu in taken[name]) for name in list(programs)[:2])
    results = {}
    for name, times in taken.items():
        wall, cpu = (statistics.median(column) for column in zip(*times, strict=True))
        results[name] = {
            "wall_s": round(wall, 3),
            "fastest_wall_s": round(min(wall for wall, _ in times), 3),
            "cpu_s": round(cpu, 3),
            "cpu_of_empty": round(cpu / empty, 2),
            "cpu_of_torch": round(cpu / torch, 3),
        }
        print(f"{name:30} {wall:6.2f} s, processor {cpu:5.2f} s, {cpu / torch:5.0%} of importing torch")
    print(write_results("startup", results))


def measure(programs: dict[str, list[str]], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Run every program in turn, after a first round that warms the disk: wall and processor time of each."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name, words in programs.items():
            times = run(words)
            if number:
                taken[name].append(times)
    return taken


def run(words: Sequence[str]) -> tuple[float, float]:
    """Return the seconds on the clock and on the processor that a program takes."""
    started, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, *words], capture_output=True, check=False)
    wall, after = time.perf_counter() - started, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu


def write_photos(folder: Path) -> None:
    """Write 20 pictures and a table of their labels."""
    rows = ["file_name,labels"]
    for number in range(20):
        Image.new("RGB", (320, 240), (10 * number, 0, 0)).save(folder / f"{number}.jpg")
        rows.append(f"{number}.jpg,{'cat' if number % 2 else 'dog'}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
