"""JSON files of a run are checked by type, and every value that cannot be is named."""

from __future__ import annotations

import json

import pytest

from weldon.errors import DataError
from weldon.runs.run_directory import RunDirectory
from weldon.runs.stored import (
    MOST_PROBLEMS,
    Fitted,
    Localisation,
    Segmentation,
    Stored,
    Thresholds,
    read_stored,
    read_thresholds,
    write_thresholds,
    write_tuned,
)


def written(tmp_path, values) -> object:
    path = tmp_path / "some.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def test_values_come_back_as_they_stand_with_those_nobody_asked_for(tmp_path):
    values = {"box_threshold": 0.5, "thresholds": [0.25, 0.75], "note": "mine"}
    assert read_stored(Localisation, written(tmp_path, values)) == values


@pytest.mark.parametrize("share", [0, 1, 1.5, True, "0.5", None])
def test_a_share_lies_between_nothing_and_all(tmp_path, share):
    with pytest.raises(DataError, match=r"some\.json is not as weldon writes it.*\n  box_threshold"):
        read_stored(Localisation, written(tmp_path, {"box_threshold": share}))


@pytest.mark.parametrize("number", [float("inf"), "1", True, [1.0]])
def test_a_background_is_a_finite_number(tmp_path, number):
    values = {"background": number, "relative": True, "crf": {}}
    with pytest.raises(DataError, match=r"\n  background"):
        read_stored(Segmentation, written(tmp_path, values))


def test_images_that_chose_a_setting_are_names(tmp_path):
    values = {"box_threshold": 0.5, "tuned_on": {"data": "photos", "images": ["a.jpg", 3]}}
    with pytest.raises(DataError, match=r"\n  tuned_on\.images\.1"):
        read_stored(Localisation, written(tmp_path, values))


def test_settings_are_read_back_with_the_images_that_chose_them(tmp_path):
    path = tmp_path / "localisation.json"
    write_tuned(path, {"box_threshold": 0.25}, source="val", data=tmp_path, images=["b.jpg", "a.jpg"])
    assert read_stored(Localisation, path) == {
        "box_threshold": 0.25,
        "tuned_on": {"source": "val", "data": str(tmp_path.resolve()), "images": ["a.jpg", "b.jpg"]},
    }


def test_a_value_that_was_not_fitted_is_null_or_no_number(tmp_path):
    class One(Stored):
        classes: dict[str, Fitted]

    assert read_stored(One, written(tmp_path, {"classes": {"a": None, "b": 1.5}}))["classes"]["b"] == 1.5
    read_stored(One, written(tmp_path, {"classes": {"a": float("nan")}}))
    with pytest.raises(DataError, match=r"\n  classes\.a"):
        read_stored(One, written(tmp_path, {"classes": {"a": float("-inf")}}))


def test_of_many_problems_the_first_are_listed(tmp_path):
    class Many(Stored):
        values: list[int]

    with pytest.raises(DataError) as error:
        read_stored(Many, written(tmp_path, {"values": ["x"] * 50}))
    assert len(str(error.value).splitlines()) == 1 + MOST_PROBLEMS


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
