"""A handful of scenes as a data set of a table, and a table of two quick rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from weldon.data.scenes import make_scenes, write_scenes
from weldon.recipes import Column, Row, Source, Table
from weldon.reproduce import Place

SOURCE = Source(
    name="scenes",
    title="scenes",
    folder="scenes",
    labels="labels.csv",
    held_back=True,
    images=30,
    train={"task": "multilabel"},
    how_to_get="make some",
)
TINY = {"model": "test_resnet", "weights": "none", "image_size": 64, "batch_size": 12}
TINY |= {"epochs": 1, "workers": 0, "freeze": True}
SPEED = {"hardware": "a thought", "images_per_second": 10.0}


def row(name: str, **options: object) -> Row:
    """Return a row of the smallest run, with changes."""
    train = TINY | options.pop("train", {})
    return Row(**{"name": name, "title": name.upper(), "train": train, **SPEED, **options})


def table(*rows: Row, sources: tuple[Source, ...] = (SOURCE,)) -> Table:
    """Return a table with a column of mAP for each data set."""
    columns = tuple(Column(key=s.name, title=s.title, data=s.name) for s in sources)
    return Table(name="small", title="Small", source="nowhere", columns=columns, sources=sources, rows=rows)


@pytest.fixture(scope="session")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty scenes to learn from, of which six are held back, and eight to measure on."""
    home = tmp_path_factory.mktemp("data")
    parts = {"train": make_scenes(30, split="train", seed=0), "test": make_scenes(8, split="test", seed=0)}
    write_scenes(home / "scenes", parts)
    return home


@pytest.fixture
def place(data_root: Path, tmp_path: Path) -> Place:
    """The scenes, and a folder for results with a cache of its own."""
    return Place(data_root, tmp_path, options={"cache": str(tmp_path / "cache")})
