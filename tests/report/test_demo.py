"""The demo trains every pooling on the same scenes and shows them side by side."""

import os

import pytest

from fixtures.forks import FORKS
from weldon.data.scenes import make_scenes, write_scenes
from weldon.errors import UsageError
from weldon.evaluation import evaluate
from weldon.report import demo
from weldon.report.demo import POOLINGS, SCHEDULE, run_demo
from weldon.report.demo_page import SCENES_SHOWN, write_demo_page


@pytest.fixture
def forked(monkeypatch):
    """Let the processes of a demo be forked from one that has imported all, which takes seconds."""

    def context(way):
        assert way == "spawn"  # as FORKS, it takes nothing over from the threads of this process
        return FORKS

    monkeypatch.setattr(demo.multiprocessing, "get_context", context)


@pytest.mark.slow
def test_a_small_demo_compares_all_poolings_and_writes_its_page(tmp_path, forked):
    out = tmp_path / "demo"
    counts = {"train": 24, "val": 12, "test": 24}
    rows = run_demo(out, seeds=(0,), counts=counts, schedule={**SCHEDULE, "epochs": 1})
    assert [row.name for row in rows] == list(POOLINGS)
    boxes = {f"test/{n:05d}.png": s.boxes for n, s in enumerate(make_scenes(24, split="test", seed=0))}
    for row in rows:
        figures = evaluate(row.folders[0], split="test", boxes=boxes)
        assert (row.map, row.pointwise) == ((figures["map"],), (figures["pointwise"],))
    page = write_demo_page(out, rows).read_text(encoding="utf-8")
    assert page.count('<div class="scene">') == SCENES_SHOWN
    assert all(cell in page for row in rows for cell in row.cells())


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path):
    mine = tmp_path / "thesis.txt"
    mine.write_text("years of work")
    with pytest.raises(UsageError, match="no demo"):
        run_demo(tmp_path)
    assert mine.read_text() == "years of work"


class TrainingReachedError(Exception):
    """The folder was cleared and the scenes are written."""


@pytest.fixture
def no_training(monkeypatch):
    def reached(*_, **__):
        raise TrainingReachedError

    monkeypatch.setattr(demo, "ProcessPoolExecutor", reached)


def few(count):
    return {part: make_scenes(count, split=part, seed=0) for part in ("train", "val", "test")}


def test_photographs_beside_scenes_are_no_demo(tmp_path):
    write_scenes(tmp_path / "scenes", few(1))
    mine = tmp_path / "thesis.txt"
    mine.write_text("years of work")
    with pytest.raises(UsageError, match=r"no demo, 'thesis\.txt'"):
        run_demo(tmp_path)
    mine.unlink()
    (tmp_path / "scenes" / "mine.jpg").write_text("a picture")
    with pytest.raises(UsageError, match="no demo, 'scenes'"):
        run_demo(tmp_path)
    assert (tmp_path / "scenes" / "labels.csv").is_file()


def test_what_is_left_of_a_killed_demo_is_replaced(tmp_path, no_training):
    (tmp_path / "scenes" / "train").mkdir(parents=True)  # no labels.csv: killed in the midst
    (tmp_path / "weldon0").mkdir()
    with pytest.raises(TrainingReachedError):
        run_demo(tmp_path, counts={"train": 2, "val": 1, "test": 1})
    assert os.listdir(tmp_path) == ["scenes"]
    assert len(list((tmp_path / "scenes").rglob("*.png"))) == 4


def test_scenes_that_are_not_whole_have_no_name(tmp_path, monkeypatch, no_training):
    def killed(draft, made):
        write_scenes(draft, {"train": made["train"]})
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(demo, "write_scenes", killed)
        with pytest.raises(KeyboardInterrupt):
            run_demo(tmp_path, counts={"train": 2})
    assert os.listdir(tmp_path) == []


def test_a_file_is_no_folder_for_a_demo(tmp_path):
    (tmp_path / "a").write_text("mine")
    with pytest.raises(UsageError, match="is a file"):
        run_demo(tmp_path / "a")
