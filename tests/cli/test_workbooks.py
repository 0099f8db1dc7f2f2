"""A table of labels in a workbook works from the shell as one in text does: check, train, val, predict."""

from __future__ import annotations

import csv
import json

import pytest

from cli.shell import run
from fixtures.workbooks import Failed, write_ods, write_xlsx
from weldon.cli import main

pytest.importorskip("python_calamine")
TINY = ["--model", "test_resnet", "--weights", "none", "--image-size", "64", "-b", "8", "-j", "0"]


@pytest.fixture(scope="module")
def rows(scenes):
    """The table of the scenes as rows of cells."""
    with (scenes / "labels.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.fixture(scope="module")
def visit(scenes, rows, tmp_path_factory):
    """A run that learnt from the second of two sheets."""
    root = tmp_path_factory.mktemp("workbook")
    labels = write_xlsx(root / "mine.xlsx", {"old": [rows[0]], "new": rows})
    options = ["--labels", str(labels), "--sheet", "new", "--out", str(root / "run"), "--epochs", "1"]
    with pytest.raises(SystemExit) as left:
        main(["train", str(scenes), *options, *TINY])
    assert left.value.code == 0
    return labels, root / "run"


def test_check_counts_what_the_sheet_says(visit, scenes, rows, capsys):
    labels, _ = visit
    code, said = run(capsys, "check", scenes, "--labels", labels, "--sheet", "new", "--json")
    assert code == 0, said.err
    assert json.loads(said.out)["images"] == len(rows) - 1


def test_check_asks_which_sheet_is_meant(visit, scenes, capsys):
    code, said = run(capsys, "check", scenes, "--labels", visit[0])
    assert code == 2
    assert "`sheet` must say which sheet" in said.err
    assert "'old', 'new'" in said.err


def test_the_run_knows_its_sheet_when_it_is_measured(visit, capsys):
    code, said = run(capsys, "val", visit[1], "--json")
    assert code == 0, said.err
    assert json.loads(said.out)["images"] == 16


def test_the_run_predicts(visit, scenes, tmp_path, capsys):
    picture = next(scenes.rglob("*.png"))
    code, said = run(capsys, "predict", visit[1], picture, "--out", tmp_path / "out", "--json")
    assert code == 0, said.err
    assert json.loads(said.out)["images"] == 1


def test_validation_may_lie_in_another_workbook_or_in_text(visit, scenes, rows, tmp_path, capsys):
    split = rows[0].index("split")
    bare = [[cell for at, cell in enumerate(row) if at != split] for row in rows]
    write_xlsx(tmp_path / "train.xlsx", {"new": bare[:20], "old": bare[:2]})
    with (tmp_path / "val.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([bare[0], *bare[25:33]])
    arguments = ["train", scenes, "--labels", tmp_path / "train.xlsx", "--sheet", "new", "--epochs", "1"]
    code, said = run(capsys, *arguments, "--val", tmp_path / "val.csv", "--out", tmp_path / "run", *TINY)
    assert code == 0, said.err


def test_every_doubtful_cell_is_named_and_nothing_is_learnt(scenes, rows, tmp_path, capsys):
    labels = rows[0].index("labels")
    odd = [list(row) for row in rows]
    odd[3][labels] = Failed("#REF!")
    write_ods(tmp_path / "odd.ods", {"mine": odd})
    code, said = run(
        capsys, "train", scenes, "--labels", tmp_path / "odd.ods", "--out", tmp_path / "run", *TINY
    )
    assert code == 1
    assert "odd.ods, sheet 'mine', row 4, column 'labels': the cell holds the error #REF!" in said.err
    assert not (tmp_path / "run").exists()
