"""``weldon suspects`` lists what the library finds, as a table and a page."""

from __future__ import annotations

import csv
import json

import pytest

from cli.shell import run
from weldon.review import suspects

FEW = ("--folds", "2", "--device", "cpu")


@pytest.fixture(scope="module")
def found(frozen_run):
    return suspects(frozen_run, folds=2, device="cpu")


def test_table_and_page_hold_the_suspects_of_the_library(frozen_run, found, tmp_path, capsys):
    out = tmp_path / "mine.csv"
    code, said = run(capsys, "suspects", frozen_run.path, *FEW, "-n", "3", "--out", out)
    assert code == 0, said.err
    assert f"{len(found)} labels contradicted" in said.out
    assert f"train with --corrections {out}" in " ".join(said.err.split())
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file"], row["class"]) for row in rows] == [(s.file_name, s.class_name) for s in found[:3]]
    assert out.with_suffix(".html").read_text().count('<figure class="view">') == 3


def test_the_same_as_one_json_object(frozen_run, found, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, said = run(capsys, "suspects", frozen_run.path, *FEW, "-n", "2", "--json")
    assert code == 0, said.err
    told = json.loads(said.out)
    assert (told["out"], told["total"]) == ("runs/suspects.csv", len(found))
    assert told["expected"] is told["expected_range"] is None  # of few images it cannot be told
    assert not (frozen_run.path / "suspects.csv").exists()  # a run that is replaced would take it along
    assert [one["doubt"] for one in told["suspects"]] == pytest.approx([s.doubt for s in found[:2]])


def test_a_page_that_is_there_keeps_its_place(frozen_run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.html").write_text("mine")
    code, said = run(capsys, "suspects", frozen_run.path, *FEW, "--out", "mine.csv")
    assert (code, "mine.html' exists" in said.err) == (2, True), said.err
    assert (tmp_path / "mine.html").read_text() == "mine"
    assert not (tmp_path / "mine.csv").exists()
