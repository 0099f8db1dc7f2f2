"""What is written is what is read; a file that does not fit the run is refused by name."""

import json

import pytest
import torch

from weldon.errors import DataError
from weldon.runs.calibration_file import (
    Calibration,
    measure_reliability,
    read_calibration,
    read_reliability,
    unchanged,
    write_calibration,
)
from weldon.runs.run_directory import RunDirectory

CLASSES = ("cat", "dog")
FITTED = Calibration(torch.tensor([2.0, 0.5]).double(), torch.tensor([-1.0, 0.25]).double())


@pytest.fixture
def run(tmp_path):
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    return RunDirectory(tmp_path)


@pytest.fixture
def written(run, generator):
    target = torch.rand(50, 2, generator=generator).lt(0.4).long()
    known = torch.ones(50, 2, dtype=torch.bool)
    sides = {
        name: measure_reliability(torch.rand(50, 2, generator=generator), target, known)
        for name in ("before", "after")
    }
    write_calibration(run, CLASSES, FITTED, **sides)
    return sides


def test_log_odds_are_slope_times_score_plus_offset():
    assert FITTED(torch.tensor([[3.0, 4.0]])).tolist() == [[5.0, 2.25]]


def test_what_is_written_is_read(run, written):
    read = read_calibration(run)
    assert torch.equal(read.slope, FITTED.slope)
    assert torch.equal(read.offset, FITTED.offset)


def test_reliability_is_read_without_its_empty_bins(run, written):
    before, after = read_reliability(run)
    assert (before.error, after.error) == (written["before"].error, written["after"].error)
    full = written["before"].curve.counts > 0
    assert before.curve.predicted.tolist() == pytest.approx(written["before"].curve.predicted[full].tolist())
    assert before.curve.counts.tolist() == written["before"].curve.counts[full].tolist()


def test_a_run_that_was_not_calibrated_keeps_its_scores(run):
    assert torch.equal(read_calibration(run).slope, unchanged(2).slope)
    assert read_reliability(run) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values["classes"].pop("dog"),
        lambda values: values["classes"].update(horse={"slope": 1.0, "offset": 0.0}),
        lambda values: values.update(classes=dict(reversed(values["classes"].items()))),
        lambda values: values["classes"]["cat"].update(slope=-1.0),
        lambda values: values["classes"]["cat"].update(slope=float("nan")),
        lambda values: values["classes"]["cat"].pop("offset"),
        lambda values: values.pop("before"),
    ],
)
def test_a_file_that_does_not_fit_the_run_is_refused_by_name(run, written, change):
    values = json.loads(run.calibration.read_text())
    change(values)
    run.calibration.write_text(json.dumps(values))
    with pytest.raises(DataError, match=r"calibration\.json"):
        read_calibration(run)
