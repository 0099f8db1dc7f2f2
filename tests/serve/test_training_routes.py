"""Train again: a process of its own; then two runs side by side, and one that answers."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from weldon.data.split import read_numbered_splits
from weldon.files import read_csv
from weldon.runs.run_directory import RunDirectory

pytestmark = pytest.mark.slow


@pytest.fixture
def run(run: RunDirectory, tmp_path: Path) -> RunDirectory:
    """A copy of the run, so that what is trained beside it is beside no other."""
    home = tmp_path / "runs" / "first"
    shutil.copytree(run.path, home)
    return RunDirectory(home)


def state_of(page, *wanted: str) -> dict:
    for _ in range(2400):
        found = page.get("/api/training").json()
        if found["state"] in wanted:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def correct_one(page) -> None:
    page.state.used.book.wait()
    item = page.get("/api/queue?kind=folder&folder=val&limit=1").json()["items"][0]
    change = {"number": item["number"], "class": "8", "from": item["labels"]["8"], "to": "unknown"}
    assert page.post("/api/corrections", json=change).status_code == 200


def test_old_and_new_stand_side_by_side_and_one_button_says_which_answers(page, run):
    before = run.best.read_bytes()
    refused = page.post("/api/training", json={})
    assert (refused.status_code, "nothing to learn anew" in refused.json()["error"]) == (400, True)
    correct_one(page)
    assert page.post("/api/training", json={}).json()["state"] == "running"
    assert "under way" in page.post("/api/training", json={}).json()["error"]
    done = state_of(page, "done", "failed")
    assert done["state"] == "done", done["lines"]
    assert (done["epoch"], done["epochs"]) == (2, 2)
    assert set(done["runs"]) == {"first", "first2"}
    for _ in range(400):
        found = page.get("/api/comparison").json()
        if found["state"] in ("done", "failed"):
            break
        time.sleep(0.05)
    assert found["problem"] == ""
    runs = found["runs"]
    assert (runs["old"]["run"], runs["new"]["run"], runs["images"]) == ("first", "first2", 32)
    assert runs["changed"] == len(runs["answers"])
    assert page.post("/api/use", json={"run": "first2"}).json() == {"used": "first2"}
    assert page.get("/api/run").json()["run"] == "first2"
    assert page.get("/api/corrections").json()["total"] == 1
    assert run.best.read_bytes() == before


def test_the_same_recipe_trains_again_on_the_same_images(page, run, quick_training):
    correct_one(page)
    page.post("/api/training", json={})
    out = RunDirectory(Path(state_of(page, "done", "failed")["out"]))
    splits = [read_numbered_splits(one.splits) for one in (run, out)]
    assert splits[0] == splits[1]
    ((file, name, after),) = [(r["file"], r["class"], r["to"]) for r in read_csv(out.corrections_used)]
    assert (Path(file).parent.name, name, after) == ("val", "8", "unknown")


def test_a_stopped_training_leaves_the_old_run_answering(page, run):
    correct_one(page)
    page.post("/api/training", json={})
    assert page.post("/api/training/stop", json={}).json()["state"] == "stopped"
    assert page.get("/api/comparison").json()["state"] == "waiting"
    assert page.post("/api/use", json={"run": "first2"}).status_code == 400
    assert page.get("/api/run").json()["run"] == "first"
    assert page.post("/api/training", json={}).json()["state"] == "running"
    page.post("/api/training/stop", json={})


def test_a_training_that_fails_says_why(page, run, scenes, tmp_path, quick_training):
    correct_one(page)
    text = run.config.read_text().replace(str(scenes / "labels.csv"), str(tmp_path / "gone.csv"))
    run.config.write_text(text)
    page.post("/api/training", json={})
    found = state_of(page, "failed", "done")
    assert found["state"] == "failed"
    assert "gone.csv" in "\n".join(found["lines"])


def test_pictures_that_joined_are_learnt_from_once_they_are_labelled(
    open_page, run, scenes, tmp_path, quick_training
):
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in (1, 2):
        shutil.copy(scenes / "test" / f"{number:05d}.png", photos / f"new{number}.png")
    table = (scenes / "labels.csv").read_bytes()
    page = open_page(photos=photos)
    page.state.used.book.wait()
    item = page.get("/api/queue?kind=folder&offset=88").json()["items"][0]
    assert (item["file_name"], set(item["labels"].values())) == ("photos/new1.png", {"unknown"})
    change = {"number": item["number"], "class": "8", "from": "unknown", "to": "present"}
    assert page.post("/api/corrections", json=change).status_code == 200
    correct_one(page)
    page.post("/api/training", json={})
    found = state_of(page, "done", "failed")
    assert found["state"] == "done", found["lines"]
    out = RunDirectory(Path(found["out"]))
    splits = {row["file_name"]: row["split"] for row in read_csv(out.splits)}
    assert len(splits) == 89
    assert splits[str(photos / "new1.png")] == "train"
    assert read_numbered_splits(run.splits).items() <= read_numbered_splits(out.splits).items()
    assert (scenes / "labels.csv").read_bytes() == table
    assert page.post("/api/use", json={"run": "first2"}).status_code == 200
    page.state.used.book.wait()
    told = page.get("/api/corrections").json()
    assert (told["total"], told["conflicts"]) == (2, [])
    assert page.get("/api/images").json()["total"] == 90
