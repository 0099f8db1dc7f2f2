"""Two runs trained in a moment: several digits a picture (one oddly named), and one digit a picture."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from weldon.data.scenes import CLASSES, make_scenes, write_scenes
from weldon.inference import Predictor, Result, RunDirectory
from weldon.report.scored_split import ScoredSplit, score_split
from weldon.training import train
from weldon.training.inputs.picture_layout import eval_transform

COUNTS = {"train": 48, "val": 32, "test": 8}
TINY = {
    "model": "test_resnet",
    "weights": "none",
    "image_size": 64,
    "batch_size": 16,
    "workers": 0,
    "lrp": 1.0,
}
AWKWARD = "<b>nought</b> & 'co'"
BROKEN = "val/00003.png"


def write_table(path: Path, rows: list[tuple[str, str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file_name", "labels", "split"), *rows])
    return path


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scenes with masks, and two tables of labels: several a picture, and one a picture."""
    folder = tmp_path_factory.mktemp("scenes")
    made = {split: make_scenes(count, split=split, seed=0) for split, count in COUNTS.items()}
    records = write_scenes(folder, made)
    write_masks(folder / "masks", made)
    named = [{AWKWARD if name == CLASSES[0] else name for name in record.labels} for record in records]
    splits = [record.split or "" for record in records]
    several = [
        (r.file_name, "|".join(sorted(names)), s) for r, names, s in zip(records, named, splits, strict=True)
    ]
    write_table(folder / "several.csv", several)
    write_table(folder / "one.csv", [(name, labels.split("|")[0], split) for name, labels, split in several])
    return folder


def write_masks(folder: Path, made) -> None:
    from PIL import Image

    folder.mkdir()
    for number, scene in enumerate(made["val"]):
        Image.fromarray(scene.mask).save(folder / f"{number:05d}.png")
    meanings = [(1 + int(name), AWKWARD if name == CLASSES[0] else name) for name in CLASSES]
    with (folder / "legend.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("index", "class"), *meanings])


@pytest.fixture(scope="session")
def run(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A finished run, one of whose validation files breaks afterwards."""
    home = tmp_path_factory.mktemp("several")
    finished = train(
        scenes,
        scenes / "several.csv",
        out=home / "run <1>",
        epochs=2,
        cache=home / "cache",
        progress=False,
        **TINY,
    )
    (scenes / BROKEN).write_bytes(b"no picture")
    return finished


@pytest.fixture(scope="session")
def split(run: RunDirectory) -> ScoredSplit:
    """Its validation images, scored."""
    with pytest.warns(RuntimeWarning, match="skipped"):
        return score_split(run, "val")


@pytest.fixture(scope="session")
def one_class_run(scenes: Path, run: RunDirectory, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A finished run of one class a picture, with the backbone fixed; the broken file is left out."""
    home = tmp_path_factory.mktemp("one")
    with (scenes / "one.csv").open(encoding="utf-8") as file:
        rows = [tuple(row) for row in list(csv.reader(file))[1:] if row[0] != BROKEN]
    table = write_table(home / "labels.csv", rows)
    options = {"freeze": True, "epochs": 1, "cache": home / "cache", "progress": False, **TINY}
    with pytest.MonkeyPatch.context() as patch:  # the search looks around once
        patch.setattr("weldon.training.head_search.ROUNDS", 1)
        patch.setattr("weldon.training.head_search.FOLDS", 2)
        return train(scenes, table, out=home / "run", **options)


@pytest.fixture(scope="session")
def result(split: ScoredSplit) -> Result:
    """What the run says about its first validation image."""
    transform = eval_transform(split.recipe, split.net)
    return Predictor(split.net, split.decision, transform).predict(split.records[0].path)
