"""The table can be filled in and read as corrections; the page stands alone and escapes names."""

from __future__ import annotations

import csv
import json
import re

import pytest

from cli.shell import run as command
from weldon.data.corrections import read_corrections
from weldon.review.suspect_search import search_suspects
from weldon.review.suspects_page import COLUMNS, write_suspects, write_suspects_page


@pytest.fixture(scope="module")
def search(run):
    return search_suspects(run, folds=3)


@pytest.fixture
def written(search, tmp_path):
    page = tmp_path / "s.html"
    found = write_suspects_page(page, search, search.suspects(4), table=tmp_path / "s.csv")
    write_suspects(tmp_path / "s.csv", found)
    return tmp_path, found


def test_a_filled_in_table_is_a_table_of_corrections(written):
    folder, found = written
    with (folder / "s.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert read_corrections(folder / "s.csv") == ()
    rows[1]["to"] = "unknown"
    with (folder / "s.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    (made,) = read_corrections(folder / "s.csv")
    assert (made.file_name, made.class_name, made.before, made.after) == (
        found[1].file_name,
        found[1].class_name,
        found[1].given,
        "unknown",
    )


def test_the_table_gives_the_strongest_regions_in_pixels(written):
    folder, found = written
    with (folder / "s.csv").open(newline="", encoding="utf-8") as file:
        first = next(csv.DictReader(file))
    region = found[0].regions_for[0]
    assert first["for"].split("; ")[0] == " ".join(
        [*(f"{edge:.0f}" for edge in region.box), f"{region.score:+.2f}"]
    )


def test_the_page_stands_alone_and_shows_each_suspect(written, search):
    folder, found = written
    page = (folder / "s.html").read_text()
    assert page.count('<figure class="view">') == len(found) == 4
    assert not re.findall(r'(?:src|href)="(?!#|data:)', page)
    assert "default-src &#39;none&#39;" not in page
    assert "Content-Security-Policy" in page
    for suspect in found:
        assert f"{suspect.rank}. {suspect.class_name}</b> is labelled <b>{suspect.given}</b>" in page
    assert f"The first 4 of {len(search.cells())} are shown." in page


def test_a_run_without_suspects_says_so(search, tmp_path):
    assert write_suspects_page(tmp_path / "s.html", search, [], table=tmp_path / "s.csv") == []
    write_suspects(tmp_path / "s.csv", [])
    assert "No label is contradicted" in (tmp_path / "s.html").read_text()
    assert read_corrections(tmp_path / "s.csv") == ()


def test_the_command_writes_both_and_overwrites_nothing(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, said = command(capsys, "suspects", run.path, "--folds", "2", "-n", "3")
    assert code == 0, said.err
    assert "labels contradicted" in said.out
    before = (tmp_path / "runs" / "suspects.csv").read_bytes()
    code, said = command(capsys, "suspects", run.path, "--folds", "2", "-n", "2", "--json")
    assert code == 0, said.err
    listed = json.loads(said.out)["suspects"]
    assert (
        (tmp_path / "runs" / "suspects2.html").read_text().count('<figure class="view">') == len(listed) == 2
    )
    assert (tmp_path / "runs" / "suspects.csv").read_bytes() == before
    out = ("--out", "runs/suspects.csv")
    code, said = command(capsys, "suspects", run.path, "--folds", "2", *out)
    assert (code, "suspects.csv' exists" in said.err) == (2, True)
    code, said = command(capsys, "suspects", run.path, "--folds", "2", "-n", "1", *out, "--overwrite")
    assert code == 0, said.err
    assert (tmp_path / "runs" / "suspects.csv").read_text().count("\n") == 2
    assert command(capsys, "suspects", run.path, "--out", "s.txt")[0] == 2
