"""What the cases read: pictures and trained runs, made once by the library's own commands."""

from __future__ import annotations

import io
import shutil
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
from PIL import Image

from stress.attempt import attempt
from stress.kinds.labels import csv_text, long_table
from stress.truth import BOXES, CLASSES, HEIGHT, NAMES, SPLITS, WIDTH, write_pictures
from stress.verbs import run

TINY = (
    *("--model", "test_resnet", "--weights", "none", "--image-size", "64", "--batch-size", "4"),
    *("--workers", "0", "--device", "cpu"),
)
FEATURES = 6
BAGS = tuple(f"bag{number:02d}" for number in range(10))


def build_world(folder: Path) -> None:
    """Make what all cases share, unless it is there whole."""
    if (folder / "whole").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    write_pictures(folder / "pictures")
    (folder / "labels.csv").write_bytes(long_table())
    write_masks(folder / "masks")
    write_bag_table(folder / "bags")
    warm_up(folder)
    _train(folder, "run", "--epochs", "2")
    _train(folder, "half", "--epochs", "1")
    _train(folder, "frozen", "--epochs", "2", "--freeze", "--cache", str(folder / "cache"))
    bags, labels = str(folder / "bags" / "bags.csv"), str(folder / "bags" / "labels.csv")
    _succeed(folder, "train", bags, "--labels", labels, "--out", str(folder / "bagrun"), "--epochs", "2")
    _succeed(folder, "export", str(folder / "run"), "--format", "hub", "--out", str(folder / "hub"))
    _succeed(
        folder, "@write-shards", str(folder / "pictures"), str(folder / "labels.csv"), str(folder / "shards")
    )
    (folder / "whole").touch()


def warm_up(world: Path) -> None:
    """Train once in this process, so that what a first training prepares is there in every forked one."""
    out = world / "warm"
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        status = run(train_arguments(world, out, "--epochs", "1"))
    if status != 0:
        raise AssertionError(f"a first training ends with {status}: {said.getvalue()}")
    shutil.rmtree(out)


def train_arguments(world: Path, out: Path, *options: str) -> list[str]:
    """Return the arguments that train a tiny network on the pictures."""
    data = [str(world / "pictures"), "--labels", str(world / "labels.csv")]
    return ["train", *data, *TINY, "--out", str(out), *options]


def _train(world: Path, name: str, *options: str) -> None:
    _succeed(world, *train_arguments(world, world / name, *options))


def _succeed(world: Path, *arguments: str) -> None:
    outcome = attempt(arguments, world, run)
    if outcome.status != 0:
        raise AssertionError(f"{' '.join(arguments)} ends with {outcome.status}: {outcome.said}")


def write_masks(folder: Path) -> None:
    """Write an indexed mask for each validation picture, and the legend: 1 bird, 2 cat, 3 dog."""
    folder.mkdir()
    for name in NAMES:
        if SPLITS[name] != "val":
            continue
        mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
        for label, (x1, y1, x2, y2) in BOXES[name].items():
            mask[y1:y2, x1:x2] = 1 + CLASSES.index(label)
        Image.fromarray(mask).save(folder / name)
    rows = [(number + 1, name) for number, name in enumerate(CLASSES)]
    (folder / "legend.csv").write_bytes(csv_text([("index", "class"), *rows]))


def bag(number: int) -> np.ndarray:
    """Return the instances of a bag, ``(R, FEATURES)`` float32."""
    chance = np.random.default_rng(100 + number)
    return chance.normal(size=(3 + number % 3, FEATURES)).round(4).astype(np.float32)


def write_bag_table(folder: Path) -> None:
    """Write the bags as one table, with their labels."""
    folder.mkdir()
    head = ("bag", "instance", *(f"f{column}" for column in range(FEATURES)))
    rows = [
        (name, f"i{place}", *(f"{value:.4f}" for value in row))
        for number, name in enumerate(BAGS)
        for place, row in enumerate(bag(number))
    ]
    (folder / "bags.csv").write_bytes(csv_text([head, *rows]))
    labels = [
        (name, ("a", "b", "a|b")[number % 3], "val" if number % 4 == 3 else "train")
        for number, name in enumerate(BAGS)
    ]
    (folder / "labels.csv").write_bytes(csv_text([("bag", "labels", "split"), *labels]))
