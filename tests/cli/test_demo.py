"""The verb prints the demo's rows and opens its page where there is a screen."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import typer

from cli.shell import run
from weldon.report import demo, demo_page
from weldon.report.demo import DemoRow

ROWS = [
    DemoRow("max", (Path("max0"), Path("max1")), (0.5, 0.7), (0.25, 0.25), (30.0, 34.0)),
    DemoRow("negative evidence", (Path("weldon0"), Path("weldon1")), (0.8, 0.8), (0.5, 0.4), (31.0, 31.0)),
]


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What the verb asked for: the demo is not trained here."""
    calls = {}
    monkeypatch.setattr(demo, "run_demo", lambda out, *, seeds: calls.update(out=out, seeds=[*seeds]) or ROWS)
    monkeypatch.setattr(
        demo_page, "write_demo_page", lambda out, rows: calls.update(rows=rows) or out / "index.html"
    )
    monkeypatch.setattr(typer, "launch", lambda page: calls.update(launched=page))
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    return calls


def test_json_holds_a_figure_a_run(asked, tmp_path, capsys):
    code, said = run(capsys, "demo", "--out", tmp_path, "--seeds", 2, "--json")
    assert code == 0, said.err
    rows = {"max": {"map": [0.5, 0.7], "pointwise": [0.25, 0.25]}}
    rows["negative evidence"] = {"map": [0.8, 0.8], "pointwise": [0.5, 0.4]}
    assert json.loads(said.out) == {"page": str(tmp_path / "index.html"), "rows": rows}
    assert asked == {"out": tmp_path, "seeds": [0, 1], "rows": ROWS}


@pytest.mark.parametrize(
    ("display", "option", "opened"),
    [("", (), False), (":0", (), True), (":0", ("--no-show",), False)],
)
def test_a_person_reads_means_and_the_page_opens_where_there_is_a_screen(
    asked, tmp_path, capsys, monkeypatch, display, option, opened
):
    monkeypatch.setenv("DISPLAY", display)
    code, said = run(capsys, "demo", "--out", tmp_path, *option)
    assert code == 0, said.err
    rows = [[cell.strip() for cell in line.split("│")] for line in said.out.splitlines() if "±" in line]
    assert ["", "max", "60.0 ± 14.1", "25.0 ± 0.0", "32", ""] in rows
    assert ["", "negative evidence", "80.0 ± 0.0", "45.0 ± 7.1", "31", ""] in rows
    assert f"pictures: {tmp_path / 'index.html'}" in said.err
    assert asked.get("launched") == (str(tmp_path / "index.html") if opened else None)
