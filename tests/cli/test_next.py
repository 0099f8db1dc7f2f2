"""``weldon next`` lists what the library chooses, in a table that stands beside what was there."""

from __future__ import annotations

import csv
import json

import pytest

from cli.shell import run
from weldon.data.scenes import make_scenes, write_scenes
from weldon.review import next_images


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Six new pictures."""
    folder = tmp_path_factory.mktemp("new")
    write_scenes(folder, {"more": make_scenes(6, split="test", seed=9)})
    (folder / "labels.csv").unlink(missing_ok=True)
    return folder


@pytest.fixture
def chosen(frozen_run, photos):
    return next_images(frozen_run, photos, count=3, device="cpu")


def test_the_table_has_the_pictures_that_the_library_chooses(
    frozen_run, photos, chosen, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    code, said = run(capsys, "next", frozen_run.path, photos, "-n", "3", "--device", "cpu")
    assert code == 0, said.err
    assert "3 pictures to label next" in said.out
    assert "table: runs/next.csv" in said.err
    with (tmp_path / "runs" / "next.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file_name"] for row in rows] == [image.file_name for image in chosen]
    assert float(rows[0]["probability of 3"]) == pytest.approx(chosen[0].probabilities["3"], abs=1e-4)


def test_the_same_as_one_json_object(frozen_run, photos, chosen, tmp_path, capsys):
    out = tmp_path / "mine.csv"
    command = ("next", frozen_run.path, photos, "-n", "3", "--device", "cpu", "--out", out)
    code, said = run(capsys, *command, "--json")
    assert code == 0, said.err
    told = json.loads(said.out)
    assert told["out"] == str(out)
    assert [image["file_name"] for image in told["images"]] == [image.file_name for image in chosen]
    before = out.read_bytes()
    code, said = run(capsys, *command)
    assert (code, "--overwrite" in said.err) == (2, True)
    assert out.read_bytes() == before


def test_pictures_that_are_nowhere_are_refused_and_nothing_is_written(
    frozen_run, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    code, said = run(capsys, "next", frozen_run.path, "nowhere", "--device", "cpu")
    assert (code, "nowhere" in said.err) == (2, True), said.err
    assert list(tmp_path.iterdir()) == []
