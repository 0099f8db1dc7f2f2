"""A row an epoch: epochs that run again replace their rows, a damaged table is named."""

from __future__ import annotations

import pytest

from weldon.errors import DataError
from weldon.runs.metrics_file import read_epochs, write_epoch


def test_an_epoch_that_runs_again_replaces_its_row_and_those_after_it(tmp_path):
    path = tmp_path / "metrics.csv"
    for epoch, loss in ((0, 4), (1, 3), (2, 2), (1, 1)):
        write_epoch(path, {"epoch": epoch, "loss": loss})
    assert read_epochs(path) == [{"epoch": "0", "loss": "4"}, {"epoch": "1", "loss": "1"}]
    assert read_epochs(path, before=1) == [{"epoch": "0", "loss": "4"}]


def test_a_figure_that_comes_later_leaves_earlier_rows_blank(tmp_path):
    path = tmp_path / "metrics.csv"
    write_epoch(path, {"epoch": 0, "loss": 1})
    write_epoch(path, {"epoch": 1, "loss": 3, "map": 2})
    assert read_epochs(path) == [
        {"epoch": "0", "loss": "1", "map": ""},
        {"epoch": "1", "loss": "3", "map": "2"},
    ]


def test_no_table_has_no_epoch(tmp_path):
    assert read_epochs(tmp_path / "metrics.csv") == []


@pytest.mark.parametrize(
    ("text", "row"), [("epoch,loss\n0,1.5\nzero,1.0\n", 3), ("loss\n1.5\n", 2), ("epoch\n-1\n", 2)]
)
def test_a_damaged_table_is_named_with_its_row(tmp_path, text, row):
    (tmp_path / "metrics.csv").write_text(text)
    with pytest.raises(DataError, match=rf"metrics\.csv row {row} names no epoch"):
        read_epochs(tmp_path / "metrics.csv")
