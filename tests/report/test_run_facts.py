"""What the page says about the run, and its curves."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from weldon.errors import DataError
from weldon.report.run_facts import describe_run, files_left_out, read_curves

HEAD = "epoch,train/loss,val/map,val/accuracy,seconds\n"


def curves(tmp_path: Path, rows: str, *, monitor: str = "val/map"):
    (tmp_path / "metrics.csv").write_text(HEAD + rows)
    return read_curves(tmp_path / "metrics.csv", monitor=monitor)


def test_a_curve_for_each_figure_that_was_measured_epochs_from_one(tmp_path):
    loss, precision = curves(tmp_path, "0,0.9,0.2,,1\n1,0.5,0.6,,1\n2,0.7,0.4,,1\n")
    assert (loss.title, loss.low, loss.high, loss.first, loss.last) == ("training loss", 0.5, 0.9, 1, 3)
    assert precision.title == "validation mAP"


def test_the_best_epoch_is_marked_in_the_curve_that_chose_it(tmp_path):
    loss, precision = curves(tmp_path, "0,0.9,0.2,,1\n1,0.5,0.6,,1\n2,0.7,0.4,,1\n")
    assert loss.mark is None
    assert precision.marked == 0.6
    assert precision.mark == pytest.approx((50, 0))  # the middle epoch, at the top


def test_the_first_of_equal_epochs_chose_the_weights(tmp_path):
    _, precision = curves(tmp_path, "0,1,0.6,,1\n1,1,0.6,,1\n")
    assert precision.mark[0] == 0


def test_values_that_are_none_leave_a_gap_not_a_curve_through_zero(tmp_path):
    loss, accuracy = curves(tmp_path, "0,nan,,0.5,1\n1,inf,,0.25,1\n2,0.5,,,1\n", monitor="val/accuracy")
    assert (loss.first, loss.last, loss.low, loss.high) == (3, 3, 0.5, 0.5)
    assert (accuracy.title, accuracy.last, accuracy.marked) == ("validation accuracy", 2, 0.5)
    assert all(math.isfinite(value) for value in (loss.low, accuracy.low))


def test_no_table_is_no_curve(tmp_path):
    assert read_curves(tmp_path / "none.csv", monitor="val/map") == []


@pytest.mark.parametrize(
    "text", ["", "epoch,val/map\n", "epoch\nfirst\n", "val/map\n0.5\n", "epoch,val/map\n0\n"]
)
def test_a_damaged_table_is_named(tmp_path, text):
    with pytest.raises(DataError, match=r"\.csv"):
        curves(tmp_path, text)


def test_the_facts_are_those_of_the_run(split, run):
    facts = dict(describe_run(split))
    assert facts["Model"] == "test_resnet, all layers trained"
    assert facts["Images"] == "64 px, aspect kept"
    assert facts["Loss"] == "logistic, any number of classes an image"
    assert facts["Trained on"] == "48 images, validated on 32"
    assert facts["Best epoch"] in ("1 of 2", "2 of 2")
    assert facts["Folder"] == str(run.path)
    assert "of 4 regions" in facts["Pooling"]


def test_a_file_that_was_left_out_has_its_reason(split):
    ((name, reason),) = files_left_out(split)
    assert name == "val/00003.png"
    assert "added since" not in reason
