"""Thresholds are written and read back, for the classes of the run and no others."""

from __future__ import annotations

import json

import pytest

from weldon.errors import DataError
from weldon.runs.run_directory import RunDirectory
from weldon.runs.thresholds_file import Thresholds, read_thresholds, write_thresholds


@pytest.fixture
def run(tmp_path) -> RunDirectory:
    run = RunDirectory(tmp_path)
    run.write_class_names(["cat", "dög"])
    return run


def test_what_is_written_is_read_back(run):
    fitted = Thresholds({"cat": 1.5, "dög": -0.25}, 2.5)
    write_thresholds(run, fitted)
    assert read_thresholds(run) == fitted
    assert json.loads(run.thresholds.read_text(encoding="utf-8")) == {
        "scale": "score",
        "map_scale": 2.5,
        "classes": {"cat": 1.5, "dög": -0.25},
    }


def test_a_class_without_a_threshold_has_that_of_one_half_and_is_named(run, caplog):
    write_thresholds(run, Thresholds({"cat": 1.5, "dög": float("nan")}, None))
    assert read_thresholds(run) == Thresholds({"cat": 1.5, "dög": 0.0}, None)
    assert "has no threshold for dög: a probability of one half is taken" in caplog.text


def test_a_map_scale_of_nothing_is_none(run):
    write_thresholds(run, Thresholds({"cat": 0.0, "dög": 0.0}, 0.0))
    assert read_thresholds(run).map_scale is None


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ({"cat": 0, "dög": 0, "cow": 0}, r"names classes that classes\.txt does not have\n  cow"),
        ({"cat": 0}, r"lacks classes that classes\.txt names\n  dög"),
        ({"dög": 0, "cat": 0}, r"classes\.txt name the classes in different orders"),
    ],
)
def test_thresholds_of_other_classes_are_refused(run, classes, words):
    write_thresholds(run, Thresholds(classes, 1.0))
    with pytest.raises(DataError, match=words):
        read_thresholds(run)
