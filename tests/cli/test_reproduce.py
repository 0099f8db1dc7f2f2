"""``weldon reproduce``: lists, plans, refuses, and says what is absent."""

from __future__ import annotations

import json

import pytest

from weldon.cli import main
from weldon.recipes import list_tables


def run(*arguments: object) -> int:
    """Return the exit status of ``weldon reproduce``."""
    with pytest.raises(SystemExit) as left:
        main(["reproduce", *map(str, arguments)])
    return int(left.value.code or 0)


def test_without_a_table_all_are_listed(capsys):
    assert run("--json") == 0
    tables = json.loads(capsys.readouterr().out)["tables"]
    assert list(tables) == list_tables()
    assert tables["table7"] == ["max", "fine-tuned", "k", "min", "all"]


def test_a_dry_run_trains_nothing(capsys, tmp_path):
    arguments = (
        "--data-root",
        tmp_path,
        "--out",
        tmp_path / "out",
        "--rows",
        "all,min",
        "--dry-run",
        "--json",
    )
    assert run("table7", *arguments) == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    assert len(steps) == 2 * 4  # two rows on four data sets
    assert steps[0]["absent"] == "needs voc2007: `weldon data get voc2007`"
    assert not (tmp_path / "out").exists()


def test_what_cannot_run_is_printed_beside_the_papers_numbers(capsys, tmp_path):
    assert run("table11", "--data-root", tmp_path, "--out", tmp_path / "out") == 0
    printed = capsys.readouterr().out
    assert "ResNet-WELDON + FC-CRF" in printed
    assert "42.1" in printed
    assert "not run: all rows: needs voc2012-segmentation" in printed
    written = {path.name for path in (tmp_path / "out" / "tables").iterdir()}
    assert written == {f"table11.{ending}" for ending in ("txt", "csv", "html", "json")}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("table12",), "table must be one of"),
        (("table7", "--rows", "low"), "rows of table7 are max"),
        (("table7", "--set", "epochs"), "--set must be NAME=VALUE"),
        (("table7", "--set", "epoch=3"), "unknown option 'epoch'"),
        (("table7", "--set", "seed=3"), "--set cannot change 'seed'"),
        (("table7", "--seeds", "one"), "--seeds must be numbers"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_runs(capsys, tmp_path, arguments, reason):
    assert run(*arguments, "--out", tmp_path / "out") == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
