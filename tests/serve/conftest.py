"""A small run on generated scenes, and a server for it that a test can ask."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures.forked import Forked
from weldon.data.scenes import make_scenes, write_scenes
from weldon.inference import RunDirectory
from weldon.training import train

pytest.importorskip("starlette", reason="the extra serve is not installed")
pytest.importorskip("multipart", reason="the extra serve is not installed")
# pytest rewrites this module when it is first loaded, and in a server's thread its parser may meet another's.
pytest.importorskip("anyio._core._fileio", reason="the extra serve is not installed")
testclient = pytest.importorskip("starlette.testclient", reason="httpx2 is not installed")

COUNTS = {"train": 48, "val": 32, "test": 8}
HOME = "http://127.0.0.1:8787"


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scenes, and a table that says of each digit whether it is there."""
    folder = tmp_path_factory.mktemp("scenes")
    made = {split: make_scenes(count, split=split, seed=0) for split, count in COUNTS.items()}
    records = write_scenes(folder, made)
    classes = sorted({name for record in records for name in record.labels})
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", *classes, "split"])
        writer.writerows(
            [r.file_name, *(int(name in r.labels) for name in classes), r.split] for r in records
        )
    return folder


@pytest.fixture(scope="session")
def run(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A finished run on the scenes."""
    home = tmp_path_factory.mktemp("runs")
    return train(
        scenes,
        scenes / "labels.csv",
        out=home / "first",
        cache=home / "cache",
        progress=False,
        freeze=True,
        model="test_resnet",
        weights="none",
        image_size=64,
        batch_size=16,
        workers=0,
        epochs=2,
        lr=0.1,
    )


@pytest.fixture(scope="module", autouse=True)
def suspects_come_soon() -> Iterator[None]:
    """Let the search that suspects begin with, for the run leaves its rates open, look around once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("weldon.training.head_search.ROUNDS", 1)
        patch.setattr("weldon.training.head_search.FOLDS", 2)
        yield


@pytest.fixture
def open_page(run: RunDirectory, tmp_path: Path) -> Iterator[Callable[..., object]]:
    """Return a function that opens the page of the run and returns a client at its door."""
    from contextlib import ExitStack

    from weldon.serve.access import open_door
    from weldon.serve.served_run import open_served_run
    from weldon.serve.server import build_app
    from weldon.serve.state import State

    with ExitStack() as opened:

        def open_one(*, host: str | None = None, token: str | None = None, photos: Path | None = None):
            corrections = tmp_path / "corrections.csv"
            served = open_served_run(run.path, corrections=corrections, photos=photos, device="cpu")
            state = State(served, photos, "cpu")
            app = build_app(state, open_door(host, token))
            client = testclient.TestClient(app, base_url=HOME, raise_server_exceptions=False)
            client.state = state
            return opened.enter_context(client)

        yield open_one


@pytest.fixture
def page(open_page: Callable[..., object]) -> object:
    """A client of this machine."""
    return open_page()


@pytest.fixture
def quick_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the page's training be forked from a process that has imported all, which takes seconds."""
    forks = SimpleNamespace(
        Popen=Forked, DEVNULL=subprocess.DEVNULL, TimeoutExpired=subprocess.TimeoutExpired
    )
    monkeypatch.setattr("weldon.serve.training_job.subprocess", forks)


@pytest.fixture
def images(run: RunDirectory) -> object:
    """The pictures of the run, with the labels of their table."""
    from weldon.serve.run_images import read_run_images

    return read_run_images(run, None, run.class_names)


@pytest.fixture
def book(images: object, run: RunDirectory, tmp_path: Path) -> object:
    """The labels of the run, with corrections at a place of their own."""
    from weldon.serve.label_book import LabelBook

    return LabelBook(tmp_path / "corrections.csv", images, run.class_names)


@pytest.fixture(scope="session")
def picture(scenes: Path) -> bytes:
    """The bytes of one validation scene."""
    return (scenes / "val" / "00000.png").read_bytes()
