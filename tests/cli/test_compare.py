"""``weldon compare`` prints what the library measures, and overwrites nothing."""

from __future__ import annotations

import json
import shutil

import pytest

from cli.shell import run
from weldon.report.compare_page import figures
from weldon.report.run_comparison import compare_runs
from weldon.runs.run_directory import RunDirectory


@pytest.fixture
def twins(frozen_run, tmp_path, monkeypatch):
    """The run, and one that differs in its thresholds alone: it never says yes."""
    monkeypatch.chdir(tmp_path)
    copied = RunDirectory(shutil.copytree(frozen_run.path, tmp_path / "second"))
    stored = json.loads(copied.thresholds.read_text())
    stored["classes"] = dict.fromkeys(stored["classes"], 1e6)
    copied.thresholds.write_text(json.dumps(stored))
    return frozen_run, copied


FEW = ("--draws", "5", "--pictures", "0", "--device", "cpu")


def test_the_figures_are_those_of_the_library(twins, capsys):
    code, said = run(capsys, "compare", *(one.path for one in twins), *FEW, "--json")
    assert code == 0, said.err
    told = json.loads(said.out)
    expected = figures(compare_runs(twins, draws=5, device="cpu"))
    assert [one["map"] for one in told["runs"]] == pytest.approx([one["map"] for one in expected["runs"]])
    assert told["runs"][1]["changed"] == expected["runs"][1]["changed"]
    assert (told["out"], told["page"]) == ("runs/compare.csv", "runs/compare.html")


def test_equal_scores_gain_nothing_and_a_run_that_never_says_yes_takes_back_what_was_right(twins, capsys):
    code, said = run(capsys, "compare", *(one.path for one in twins), *FEW)
    assert code == 0, said.err
    assert "+0.0 (+0.0 to +0.0)" in said.out
    right, wrong = (int(number) for number in said.err.split("changed, ")[1].split() if number.isdigit())
    compared = compare_runs(twins, draws=2, device="cpu")
    decided = compared.sides[0].decided
    assert wrong == int((decided.predicted & decided.present & decided.known).sum())
    assert right == int((decided.predicted & ~decided.present & decided.known).sum())


def test_a_table_that_is_there_is_kept_and_the_next_gets_a_number(twins, tmp_path, capsys):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "compare.html").write_text("mine")
    code, said = run(capsys, "compare", *(one.path for one in twins), *FEW, "--json")
    assert json.loads(said.out)["out"] == "runs/compare2.csv"
    assert (tmp_path / "runs" / "compare.html").read_text() == "mine"
    code, said = run(capsys, "compare", *(one.path for one in twins), *FEW, "--out", "runs/compare2.csv")
    assert (code, "--overwrite" in said.err) == (2, True)
