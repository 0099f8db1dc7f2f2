"""A handful of scenes as a data set of a table, and tables of quick rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from weldon.data.scenes import make_scenes, write_scenes
from weldon.recipes import Column, Row, Source, Table
from weldon.reproduce import Workspace

TINY = {"model": "test_resnet", "weights": "none", "image_size": 64, "batch_size": 12, "epochs": 1}
TINY |= {"workers": 0, "freeze": True}


@pytest.fixture(autouse=True)
def too_few_to_search_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the search of a frozen run take what it starts from; it has tests of its own."""
    monkeypatch.setattr("weldon.training.head_search.FEWEST", 1000)


@pytest.fixture(scope="session")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty scenes to learn from, of which six are held back, and eight to measure on."""
    home = tmp_path_factory.mktemp("data")
    parts = {"train": make_scenes(30, split="train", seed=0), "test": make_scenes(8, split="test", seed=0)}
    write_scenes(home / "scenes", parts)
    return home


@pytest.fixture
def workspace(data_root: Path, tmp_path: Path) -> Workspace:
    """The scenes, and a folder for results with a cache of its own."""
    return Workspace(data_root, tmp_path, options={"cache": str(tmp_path / "cache")})


@pytest.fixture(scope="session")
def scenes() -> Source:
    """The scenes as recipes see them."""
    return Source(
        name="scenes",
        title="scenes",
        folder="scenes",
        labels="labels.csv",
        held_back=True,
        images=30,
        train={"task": "multilabel"},
        how_to_get="make some",
    )


@pytest.fixture(scope="session")
def row() -> Callable[..., Row]:
    """A function that makes a row of the smallest run, with changes."""

    def make(name: str, train: dict[str, Any] | None = None, **options: Any) -> Row:
        values = {"title": name, "hardware": "an old laptop", "images_per_second": 10.0, **options}
        return Row(name=name, train=TINY | (train or {}), **values)

    return make


@pytest.fixture(scope="session")
def table(scenes: Source) -> Callable[..., Table]:
    """A function that makes a table with a column of mAP for each data set."""

    def make(*rows: Row, sources: tuple[Source, ...] = (scenes,), name: str = "small") -> Table:
        columns = [Column(key=source.name, title=source.title, data=source.name) for source in sources]
        values = {"columns": columns, "sources": sources, "rows": rows}
        return Table(name=name, title="Small", source="nowhere", **values)

    return make
