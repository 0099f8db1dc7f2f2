"""Help, errors of usage, completion and ``weldon check`` of a table come before anything heavy is loaded."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from PIL import Image

from weldon import __version__

HEAVY = {
    "torch",
    "torchvision",
    "timm",
    "lightning",
    "pandas",
    "scipy",
    "sklearn",
    "matplotlib",
    "torchmetrics",
}
TELL = """
import sys
from weldon.cli import main
sys.argv[0] = "weldon"
try:
    main(sys.argv[1:])
except SystemExit as left:
    print(left.code, *sys.modules, file=sys.stderr)
"""

# Every verb whose help says that it takes a run, with a folder that is none.
RUNS = """
import sys
import click
import typer
from weldon.cli import app, main

for name, verb in typer.main.get_command(app).commands.items():
    needed = [one for one in verb.get_params(click.Context(verb)) if one.required]
    if not any("run director" in (one.help or "") for one in needed):
        continue
    print(name, end=" ", flush=True)
    arguments = [[one.opts[0]] if one.opts[0].startswith("-") else [] for one in needed]
    try:
        main([name, *(word for flag in arguments for word in (*flag, "nope"))])
    except SystemExit as left:
        print(left.code, flush=True)
print(0, *sys.modules, file=sys.stderr)
"""


def weldon(*arguments: object, tell: str = TELL, **environment: str):
    """Run the command in a fresh interpreter: exit status, what it printed, and the packages it loaded."""
    run = subprocess.run(
        [sys.executable, "-c", tell, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        # The shell is as named, not that which started the tests: a bare machine runs them from sh.
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", **environment},
    )
    code, *modules = run.stderr.splitlines()[-1].split()
    return int(code), " ".join((run.stdout + run.stderr).split()), {name.split(".")[0] for name in modules}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Four small pictures, a table of their labels, and a folder that holds one broken file more."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(4):
        Image.new("RGB", (9, 8), (60 * number, 0, 0)).save(folder / f"{number}.png")
    (folder / "labels.csv").write_text("file_name,labels\n0.png,cat\n1.png,dog\n2.png,cat\n3.png,dog\n")
    return folder


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ("--help", 0, "which regions speak for and against"),
        ("--version", 0, f"weldon {__version__}"),
        ("train --help", 0, "max, avg, lse, hcrf"),
        ("val --help", 0, "--tune-on"),
        ("predict --help", 0, "--heatmaps"),
        ("serve --help", 0, "--port"),
        ("suspects --help", 0, "--folds"),
        ("reproduce --help", 0, "--data-root"),
        ("trian", 2, "No such command 'trian'"),
        ("train photos --epoch 3", 2, "No such option: --epoch"),
        ("--show-completion bash", 0, "complete -o"),
        ("data list", 0, "voc2007"),
    ],
)
def test_words_come_before_anything_heavy(arguments, status, words):
    code, printed, loaded = weldon(*arguments.split())
    assert (code, words in printed) == (status, True), printed
    assert not HEAVY & loaded
    assert "numpy" not in loaded or arguments.startswith("data")  # which lists files


def test_completion_of_a_word_comes_before_anything_heavy():
    code, printed, loaded = weldon(_WELDON_COMPLETE="complete_bash", COMP_WORDS="weldon tr", COMP_CWORD="1")
    assert (code, "train" in printed) == (0, True), printed
    assert not HEAVY & loaded


def test_labels_and_pictures_are_checked_before_anything_heavy(pictures):
    code, printed, loaded = weldon("check", pictures, "--labels", pictures / "labels.csv")
    assert (code, "4 images" in printed) == (0, True), printed
    assert not HEAVY & loaded
    code, printed, loaded = weldon("check", pictures / "labels.csv")
    assert (code, "4 images" in printed) == (0, True), printed
    assert not HEAVY & loaded


def test_a_run_that_is_not_there_is_named_before_anything_heavy():
    """One process for all verbs; which of them take a run is read from their help."""
    _, printed, loaded = weldon(tell=RUNS)
    verbs = ("predict", "explain", "export", "serve", "suspects", "compare", "next", "val")
    assert {f"{verb} 2" for verb in verbs} <= set(re.findall(r"\w+ 2\b", printed)), printed
    assert printed.count("run must be a folder that `weldon train` wrote, no folder 'nope'") == len(verbs)
    assert not HEAVY & loaded


FIRST = """
import os
import sys
import rich.console
from weldon.cli import main

def first(console, words="", **how):
    "Leave with the first line that is printed, and the packages that were loaded till then."
    os.write(1, (str(words) + chr(10)).encode())
    os.write(2, ("0 " + " ".join(sys.modules) + chr(10)).encode())
    os._exit(0)

rich.console.Console.print = first
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("val RUN", "reading the run RUN ..."),
        ("compare RUN RUN", "reading the runs RUN, RUN ..."),
        ("check RUN --labels a.csv", "reading RUN and a.csv ..."),
        ("train RUN --labels a.csv", "reading RUN ..."),
    ],
)
def test_what_is_being_done_is_said_before_anything_heavy(tmp_path, arguments, words):
    write_bare_run(tmp_path)
    _, printed, loaded = weldon(*arguments.replace("RUN", str(tmp_path)).split(), tell=FIRST)
    assert printed.startswith(f"{words} ".replace("RUN", str(tmp_path))), printed
    assert not HEAVY & loaded


def write_bare_run(folder):
    """Write the files by which a folder is known as a run."""
    for name, text in {
        "weights/best.safetensors": "",
        "classes.txt": "cow\nhorse\n",
        "config.toml": "",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def test_a_second_run_that_is_not_there_is_named_before_anything_heavy(tmp_path):
    write_bare_run(tmp_path)
    code, printed, loaded = weldon("val", tmp_path, "--with", tmp_path / "nope")
    assert (code, "no folder" in printed) == (2, True), printed
    assert not HEAVY & loaded


def test_a_class_that_is_none_is_named_with_the_nearest_before_anything_heavy(tmp_path):
    write_bare_run(tmp_path)
    code, printed, loaded = weldon("explain", tmp_path, "x.jpg", "--class", "cow", "--versus", "hrose")
    assert (code, "got 'hrose': did you mean 'horse'?" in printed) == (2, True), printed
    assert not HEAVY & loaded
