"""The printed table: the paper's numbers and ours side by side."""

from __future__ import annotations

import csv
import io

import pytest

from weldon.recipes import load_table
from weldon.reproduce.outcome import Cell, Results


@pytest.fixture
def results() -> Results:
    """Table 6 with one row measured twice, one absent."""
    found = Results(load_table("table6"))
    figures = [{"top1": 0.8, "top5": 0.95, "seed": 0}, {"top1": 0.82, "top5": 0.95, "seed": 1}]
    found.cells["weldon", "ilsvrc2012"] = Cell(figures)
    found.cells["resnet101", "ilsvrc2012"] = Cell(reason="needs <it>")
    return found


def test_the_paper_and_ours_stand_side_by_side(results):
    header = ["row", "top-1 error, paper", "top-1 error, here", "top-5 error, paper", "top-5 error, here"]
    assert results.header() == header
    lines = {line[0]: line[1:] for line in results.lines()}
    assert lines["ResNet-WELDON"] == ["19.21", "19.0 ± 1.4", "4.23", "5.0 ± 0.0"]
    assert lines["ResNet-101, 1 crop"] == ["22.44", "–", "6.21", "–"]
    assert lines["ResNet-200 (published)"] == ["20.15", "", "4.93", ""]


def test_text_gives_the_reason_for_what_is_missing(results):
    assert "not run: ResNet-101, 1 crop: needs <it>" in results.to_text()


def test_csv_reads_back(results):
    assert list(csv.reader(io.StringIO(results.to_csv()))) == [results.header(), *results.lines()]


def test_html_holds_every_cell_escaped(results):
    page = results.to_html()
    assert all(f"<td>{text}</td>" in page for line in results.lines() for text in line)
    assert "needs &lt;it&gt;" in page


def test_json_gives_every_seed(results):
    rows = results.to_json()["rows"]
    assert [seed["top1"] for seed in rows["weldon"]["ilsvrc2012"]["figures"]] == [0.8, 0.82]
    assert rows["resnet101"]["ilsvrc2012"] == {"reason": "needs <it>"}


def test_a_column_that_is_not_measured_has_the_papers_number_alone():
    header = Results(load_table("animals-table7")).header()
    assert header == ["row", "mAP", "pointwise", "paper VOC07", "paper VOCAct", "paper MIT67", "paper CUB"]
